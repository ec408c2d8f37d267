"""Disk cache of arrays computed from real data, each stored with its key."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vigan.io.files import RecordError, atomic_write

Key = Mapping[str, str]
KEY = "key"


def save(path: Path, key: Key, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays and their key as npz, atomically."""
    with atomic_write(path) as stream:
        np.savez(stream, allow_pickle=False, **{KEY: np.array(json.dumps(dict(key), sort_keys=True)), **arrays})


def load(path: Path, key: Key) -> dict[str, np.ndarray]:
    """The arrays stored under `key`. Raises RecordError if the file is missing or damaged, or its key differs."""
    try:
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in archive.files}
            found = json.loads(str(arrays.pop(KEY)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RecordError(f"{path}: cannot be read ({error}); delete it and run the same command again") from None
    if found != key:
        fields = ", ".join(sorted(name for name in {**found, **key} if found.get(name) != key.get(name)))
        raise RecordError(f"{path}: made under another {fields}; delete it and run the same command again")
    return arrays
