"""Arrays computed once of real data, on disk with the key that says what they were computed from."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vigan.io.files import RecordError, atomic_write

Key = Mapping[str, str]
REMEDY = "delete it, and run `vigan reference` or the same command again"
KEY = "key"
DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, TypeError, AttributeError, struct.error)
"""What reading a damaged archive may raise."""


def save(path: Path, key: Key, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays and their key as npz, atomically."""
    with atomic_write(path) as stream:
        np.savez(stream, allow_pickle=False, **{KEY: np.array(json.dumps(dict(key), sort_keys=True)), **arrays})


def load(path: Path, key: Key) -> dict[str, np.ndarray]:
    """The arrays kept under `key`. Raises RecordError if the file is missing or damaged, or its key is another."""
    try:
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in archive.files}
            found = json.loads(str(arrays.pop(KEY)))
    except FileNotFoundError:
        raise RecordError(f"{path}: not there yet; run `vigan reference`") from None
    except (*DAMAGE, OSError, ValueError, KeyError, EOFError) as error:
        raise RecordError(f"{path}: cannot be read ({error}); {REMEDY}") from None
    if found != key:
        fields = ", ".join(sorted(name for name in {**found, **key} if found.get(name) != key.get(name)))
        raise RecordError(f"{path}: made under another {fields}; {REMEDY}")
    return arrays
