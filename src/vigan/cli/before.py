"""What must be there before a command works, and the command to type where it is not."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from vigan.config.datasets import Dataset
from vigan.errors import UserError
from vigan.io.elsewhere_record import ElsewhereFiles
from vigan.io.run_record import MEASURED, RunFiles
from vigan.layout import Layout
from vigan.provenance import whole_code
from vigan.runtime.settings import setting

COMMANDS = "prepare", "reference", "train", "evaluate", "import", "analyse", "figure", "frames"
"""Commands on a study that advice names."""
_NAMED = re.compile(rf"`vigan (?:{'|'.join(COMMANDS)})\b(?! --config)")


class Need(NamedTuple):
    """A file, and the words after `vigan` that make it."""

    path: Path
    command: tuple[str, ...]


def of_study(line: str, config: Path) -> str:
    """A line of advice, its commands on a study told which one."""
    return _NAMED.sub(lambda found: f"{found[0]} --config {shlex.quote(str(config))}", line)


def check_code() -> None:
    """Raise UserError where a plan says whose code its jobs are to run (VIGAN_CODE), and it is not this one."""
    if (planned := setting("code")) and planned != whole_code():
        raise UserError(
            "this is other code than that of the plan: build the container image from the same checkout again"
        )


def check(config: Path, needs: Iterable[Need]) -> None:
    """Raise UserError naming the first file that is missing, the command that makes it, and that which makes all."""
    for path, (command, *words) in needs:
        if not path.exists():
            one = shlex.join(["vigan", command, "--config", str(config), *words])
            everything = f"snakemake all --cores 2 --configfile {shlex.quote(str(config))}"
            raise UserError(f"{path}: not there yet; type: {one} (or for all that is missing: {everything})")


def data(layout: Layout, dataset: Dataset) -> Iterator[Need]:
    """A prepared data set."""
    name = next(name for name, known in layout.study.datasets.items() if known == dataset)
    yield Need(layout.data(dataset) / "manifest.json", ("prepare", "--dataset", name))


def references(layout: Layout, arm: str | None = None) -> Iterator[Need]:
    """What was measured of the real data: the arrays that an arm is compared with, or all the study's values."""
    wanted = None if arm is None else set(layout.references(arm).values())
    for name, protocol in layout.study.measured():
        path = layout.reference(layout.study.datasets[name], protocol)
        if wanted is None or path in wanted:
            file = path.with_suffix(".json") if wanted is None else path
            if not file.exists():  # a job has what it reads at hand, and no more where files come from a remote storage
                yield from data(layout, layout.study.datasets[name])
            yield Need(file, ("reference", "--dataset", name, "--protocol", protocol.name))


def imported(arms: Iterable[ElsewhereFiles]) -> Iterator[Need]:
    """What was read of arms from elsewhere."""
    for arm in arms:
        yield Need(arm.folder / MEASURED, ("import", "--arm", arm.name))


def sampled(files: Iterable[RunFiles | ElsewhereFiles]) -> Iterator[Need]:
    """Samples of runs, and of arms from elsewhere."""
    for one in files:
        yield from imported([one]) if isinstance(one, ElsewhereFiles) else measured([one])


def trained(runs: Iterable[RunFiles]) -> Iterator[Need]:
    """Records of runs."""
    for run in runs:
        yield Need(run.folder / "run.json", ("train", *_of(run)))


def measured(runs: Iterable[RunFiles]) -> Iterator[Need]:
    """Records of runs, and what was measured of them."""
    for run in runs:
        yield from trained([run])
        yield Need(run.folder / MEASURED, ("evaluate", *_of(run)))


def _of(run: RunFiles) -> tuple[str, ...]:
    return "--arm", run.spec.name, "--seed", str(run.spec.seed)


def tables(layout: Layout) -> Iterator[Need]:
    """The tables of a study; and the runs behind them, where there are none."""
    table = layout.tables / "runs.csv"
    if not table.exists():
        yield from measured(layout.run_files())
    yield Need(table, ("analyse",))


def pictures(layout: Layout) -> Iterator[Need]:
    """Figures, and the pictures behind the page's slider."""
    for (kind, experiment), path in layout.all_figures().items():
        yield Need(path, ("figure", "--kind", kind, "--experiment", experiment))
    for experiment, path in layout.all_frames().items():
        yield Need(path, ("frames", "--experiment", experiment))
