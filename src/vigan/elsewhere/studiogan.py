"""StudioGAN's logs: a line for each metric of each evaluation, among many others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from vigan.config.elsewhere import StudioGan
from vigan.elsewhere.numbers import Number, real, whole
from vigan.elsewhere.seeds import seed_in, seeds_by_run
from vigan.io.files import RecordError

NAMES = {
    "FID score": "fid", "Inception score": "inception_score", "Improved Precision": "reported_precision",
    "Improved Recall": "reported_recall", "Density": "reported_density", "Coverage": "reported_coverage",
}  # fmt: skip
"""Their names of metrics, and ours."""
_NUMBER = re.compile(
    rf"(?<!Best )(?<![A-Za-z])({'|'.join(NAMES)}) \(Step: ([0-9]{{1,19}}),[^()]{{0,200}}\): (\S{{1,400}})\s*$"
)
_SEED = re.compile(r'^\W*(?:.{0,80}> )?\s*"seed": ([0-9]{1,19}),?\s*$')
LONGEST_LINE = 10_000
HEAD = 2000
"""Lines in which a log says its settings."""


def read(root: Path, files: Sequence[Path], origin: StudioGan) -> Iterator[Number]:
    """The numbers of every log. Of several evaluations at one step the first counts: later ones are of a chosen one.

    Raises RecordError naming a line that is wrong, or a log without any number.
    """
    seeds = seeds_by_run(root, files, origin.seeds, seed_of)
    for file in files:
        seen: set[tuple[int, str]] = set()
        for number in _numbers(file, seeds[file]):
            if (number.step, number.metric) not in seen:
                seen.add((number.step, number.metric))
                yield number
        if not seen:
            raise RecordError(f"{file}: no line of it says a metric as StudioGAN's logs do; leave it out of the folder")


def says_numbers(file: Path) -> bool:
    """Whether a log has a line that says a metric as StudioGAN's do."""
    return any(_NUMBER.search(line) for _, line in _lines(file))


def _numbers(file: Path, seed: int) -> Iterator[Number]:
    for at, line in _lines(file):
        if found := _NUMBER.search(line):
            place = f"{file}, line {at}"
            step, value = whole(found[2], "step", place), real(found[3], found[1], place)
            yield Number(seed, step, found[1], None, value, place)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines, those left out that are longer than any of a log."""
    with file.open(encoding="utf-8", errors="replace", newline="\n") as stream:
        for at, line in enumerate(stream, start=1):
            if len(line) <= LONGEST_LINE:
                yield at, line.rstrip("\r\n")


def seed_of(file: Path) -> int | None:
    """The seed of a run: by its settings at the head of its log, or by the log's name."""
    for at, line in _lines(file):
        if at > HEAD:
            break
        if found := _SEED.match(line):
            return whole(found[1], "seed", f"{file}, line {at}")
    return seed_in(file.stem)
