"""Samples in folders: which seed and step each folder, or file of arrays, is of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from vigan.elsewhere.numbers import whole
from vigan.io.files import RecordError

_NUMBERED = re.compile(r"(?:.*[^0-9.])?([0-9]{1,19})")
LAYOUT = "lay samples out as seed-0/step-1000/, and move all else away"
ARRAYS = (".npz", ".npy", ".zip")
"""Files that hold the samples of a step."""


def snapshots(root: Path, files: Iterable[Path]) -> dict[tuple[int, int], Path]:
    """Folder, or file of arrays, by seed and step: `seed-0/step-1000/`, `0/1000.npz`, any names that end in a number.

    Raises RecordError if a file lies anywhere else, or if two places are of one seed and step.
    """
    found: dict[tuple[int, int], Path] = {}
    for file in files:
        parts = file.relative_to(root).parts
        if len(parts) < 2:
            raise RecordError(f"{file}: not in a folder of a seed; {LAYOUT}")
        place = root / parts[0] / parts[1]
        if len(parts) == 2 and place.suffix.lower() not in ARRAYS:
            raise RecordError(f"{file}: not in a folder of a step; {LAYOUT}")
        key = _number(root / parts[0], parts[0], "seed"), _number(place, _stem(place, parts), "step")
        if found.setdefault(key, place) != place:
            raise RecordError(f"{found[key]} and {place}: both of seed {key[0]}, step {key[1]}; remove one")
    return dict(sorted(found.items()))


def _stem(place: Path, parts: tuple[str, ...]) -> str:
    return place.stem if len(parts) == 2 else parts[1]


def _number(path: Path, name: str, what: str) -> int:
    found = _NUMBERED.fullmatch(name)
    if found is None:
        raise RecordError(f"{path}: its name ends in no {what}, as in {what}-1000; rename it, or move it away")
    return whole(found[1], what, f"{path}")
