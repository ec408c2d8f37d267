"""Arrays computed once of real data, on disk with the key that says what they were computed from."""

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


def load(path: Path, key: Key) -> dict[str, np.ndarray]:
    """The arrays kept under `key`. Raises RecordError if the file is missing or damaged, or its key is another."""
    arrays = read_npz(path, remedy=REMEDY)
    try:
        found = json.loads(str(arrays.pop(KEY)))
        differ = sorted(name for name in {**found, **key} if found.get(name) != key.get(name))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RecordError(f"{path}: it does not say what it was made from; {REMEDY}") from None
    if differ:
        raise RecordError(f"{path}: made under another {', '.join(differ)}; {REMEDY}")
    return arrays
