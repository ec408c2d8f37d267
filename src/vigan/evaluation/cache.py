"""Disk cache of arrays computed from real data, each stored with its key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vigan.io.arrays import read_npz
from vigan.io.files import RecordError, atomic_write

Key = Mapping[str, str]
KEY = "key"
REMEDY = "run `vigan reference`, or delete it and run the same command again"


def save(path: Path, key: Key, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays and their key as npz, atomically."""
    with atomic_write(path) as stream:
        np.savez(stream, allow_pickle=False, **{KEY: np.array(json.dumps(dict(key), sort_keys=True)), **arrays})


def load(path: Path, key: Key, remedy: str = REMEDY) -> dict[str, np.ndarray]:
    """The arrays stored under `key`.

    Raises RecordError with the remedy if the file is missing or damaged, or its key differs.
    """
    arrays = read_npz(path, remedy=remedy)
    try:
        found = json.loads(str(arrays.pop(KEY)))
        differ = sorted(name for name in {**found, **key} if found.get(name) != key.get(name))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RecordError(f"{path}: it does not say what it was made from; {remedy}") from None
    if differ:
        raise RecordError(f"{path}: made under another {', '.join(differ)}; {remedy}")
    return arrays
