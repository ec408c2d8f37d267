"""What StyleGAN 2 and 3 leave of a run: `metric-*.jsonl`, a line for each measured snapshot, and its options."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vigan.config.elsewhere import StyleGan
from vigan.elsewhere.files import OPTIONS, check_plain
from vigan.elsewhere.numbers import Number, short, whole
from vigan.elsewhere.seeds import seed_in, seeds_by_run
from vigan.io.files import RecordError

NAMES = {
    "fid50k_full": "fid", "kid50k_full": "kid", "is50k_mean": "inception_score", "ppl2_wend": "ppl",
    "pr50k3_full_precision": "reported_precision", "pr50k3_full_recall": "reported_recall",
}  # fmt: skip
"""Their names of metrics, and ours. `fid50k` compares with 50,000 reals, `fid50k_full` with all: they are not the same
metric, so that the older names are read only where a study gives them one of ours."""
_SNAPSHOT = re.compile(r"(?:.*[/\\])?network-snapshot-([0-9]{1,12})\.pkl")
_OPTIONS_BYTES = 2**20


def read(root: Path, files: Sequence[Path], origin: StyleGan) -> Iterator[Number]:
    """The numbers of every run below `root`. Raises RecordError naming the file and line that is wrong."""
    lines = [file for file in files if file.name != OPTIONS]
    folders = list(dict.fromkeys(file.parent for file in lines))
    seeds = seeds_by_run(root, folders, origin.seeds, seed_of)
    for file in lines:
        yield from _numbers(file, seeds[file.parent])


def seed_of(folder: Path) -> int | None:
    """The seed of a run: by its options, or by its name."""
    options = _options(folder)
    said = options.get("random_seed", options.get("seed"))
    if isinstance(said, int) and not isinstance(said, bool):
        return whole(str(said), "seed", f"{folder / OPTIONS}")
    return seed_in(folder.name)


def begun_from(folder: Path) -> str | None:
    """The file of weights that a run was begun from; None if it began anew, or does not say."""
    said = _options(folder).get("resume_pkl")
    return said if isinstance(said, str) else None


def _options(folder: Path) -> dict[str, Any]:
    path = folder / OPTIONS
    if not path.is_file():
        return {}
    check_plain(path, _OPTIONS_BYTES)
    options = _parsed(path.read_bytes(), f"{path}")
    return options if isinstance(options, dict) else {}


def _numbers(file: Path, seed: int) -> Iterator[Number]:
    raw = file.read_bytes().split(b"\n")
    whole_lines, rest = raw[:-1], raw[-1]
    for number, line in enumerate(whole_lines + ([rest] if _is_whole(rest) else []), start=1):
        if line.strip():
            yield from _of_line(_parsed(line, f"{file}, line {number}"), seed, f"{file}, line {number}")


def _is_whole(rest: bytes) -> bool:
    """Whether what follows the last line break is a line; it is none where its writer was killed."""
    try:
        json.loads(rest)
    except (ValueError, RecursionError):
        return False
    return True


def _of_line(record: Any, seed: int, place: str) -> Iterator[Number]:
    match record:
        case {"results": dict(results), "snapshot_pkl": str(snapshot)} if found := _SNAPSHOT.fullmatch(snapshot):
            step = whole(found[1], "step", place)
        case {"results": dict(), "snapshot_pkl": None | str()}:
            return  # of a network that is no snapshot of this run
        case _:
            raise RecordError(f"{place}: not a line of StyleGAN's: it has 'results' and 'snapshot_pkl'")
    for name, value in results.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise RecordError(f"{place}: '{short(name)}' is {short(json.dumps(value))}, no number")
        yield Number(seed, step, name, None, float(value), place)


def _parsed(text: bytes, place: str) -> Any:
    try:
        return json.loads(text, parse_float=lambda number: _finite(number, place), parse_int=_whole)
    except RecordError:
        raise
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{place}: no JSON ({short(str(error))})") from None


def _finite(text: str, place: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise RecordError(f"{place}: {short(text)} is larger than a number can be here")
    return value


def _whole(text: str) -> int:
    if len(text) > 20:
        raise ValueError("a whole number of more than 20 digits")
    return int(text)
