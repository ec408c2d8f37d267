"""A prepared data set on disk: `array.npy`, `labels.npy` and `held-out.npy` if it has such, `manifest.json`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vigan.io.files import RecordError, read_json, sha256_file
from vigan.io.stamp import unsealed
from vigan.runtime.settings import in_storage

ARRAY, LABELS, HELD_OUT, MANIFEST = "array.npy", "labels.npy", "held-out.npy", "manifest.json"
REMEDY = "delete its folder and run `vigan prepare` again"
FIELDS = {"bytes": int, "count": int, "dtype": str, "labels": bool, "sha256": str, "shape": list}


@dataclass(frozen=True)
class Prepared:
    """A prepared data set, ready to be read.

    `array`: (count, *shape), memory-mapped, read-only; images are uint8 NCHW 0..255, toys float32 (N, 2).
    `labels`: int64 (count,) or None. `manifest`: see `vigan.data.prepare.prepare`. `held_out`: examples that are kept
    from training, as `array`, or None.
    """

    array: np.ndarray
    labels: np.ndarray | None
    manifest: dict[str, Any]
    held_out: np.ndarray | None = None

    @property
    def fingerprint(self) -> str:
        """What tells these examples from others: see `fingerprint`."""
        return fingerprint(self.manifest)


def fingerprint(manifest: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the array file, as a manifest states it; where some are held out, of both files' digests."""
    if not manifest.get("held_out"):
        return manifest["sha256"]
    return hashlib.sha256(f"{manifest['sha256']} {manifest['held_out_sha256']}".encode()).hexdigest()


def load(folder: Path, *, verify: bool = False) -> Prepared:
    """The data set prepared in `folder`.

    Raises RecordError naming the file and what to do if a file is missing or unreadable, if an array's type, shape or
    size is not the manifest's, or, with `verify`, if a file's SHA-256 is not (this reads the whole array). No storage
    carries labels and held-out examples: where files are fetched from one, they may lack, as None.
    """
    manifest = _manifest(folder / MANIFEST)
    array_path, labels_path = folder / ARRAY, folder / LABELS
    array = _mapped(array_path)
    _agree(array_path, "bytes", array_path.stat().st_size, manifest["bytes"])
    _agree(array_path, "dtype", array.dtype.name, manifest["dtype"])
    _agree(array_path, "shape", list(array.shape), [manifest["count"], *manifest["shape"]])
    held_out = _held_out(folder / HELD_OUT, manifest, verify=verify)
    labels = _mapped(labels_path) if manifest["labels"] and not _is_left_behind(labels_path) else None
    if labels is not None:
        _agree(labels_path, "dtype", labels.dtype.name, "int64")
        _agree(labels_path, "shape", list(labels.shape), [manifest["count"]])
    if verify:
        _agree(array_path, "sha256", sha256_file(array_path), manifest["sha256"])
        if labels is not None:
            _agree(labels_path, "sha256", sha256_file(labels_path), manifest["labels_sha256"])
    return Prepared(array, labels, manifest, held_out)


def _held_out(path: Path, manifest: dict[str, Any], *, verify: bool) -> np.ndarray | None:
    if not manifest.get("held_out") or _is_left_behind(path):
        return None
    array = _mapped(path)
    _agree(path, "dtype", array.dtype.name, manifest["dtype"])
    _agree(path, "shape", list(array.shape), [manifest["held_out"], *manifest["shape"]])
    if verify:
        _agree(path, "sha256", sha256_file(path), manifest.get("held_out_sha256"))
    return array


def _is_left_behind(path: Path) -> bool:
    return in_storage() and not path.is_file()


def _manifest(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise RecordError(f"{path}: missing, so this data set was never prepared to the end; run `vigan prepare`")
    try:
        manifest = unsealed(read_json(path))
    except ValueError as error:
        raise RecordError(f"{path}: {error}; {REMEDY}") from None
    if not isinstance(manifest, dict):
        raise RecordError(f"{path}: not a manifest of a prepared data set; {REMEDY}")
    for field, kind in FIELDS.items():
        if not isinstance(manifest.get(field), kind):
            raise RecordError(f"{path}: '{field}' is missing or not of type {kind.__name__}; {REMEDY}")
    if manifest["labels"] and not isinstance(manifest.get("labels_sha256"), str):
        raise RecordError(f"{path}: 'labels_sha256' is missing or not of type str; {REMEDY}")
    return manifest


def _mapped(path: Path) -> np.ndarray:
    if not path.is_file():
        raise RecordError(f"{path}: missing though the manifest beside it names it; {REMEDY}")
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise RecordError(f"{path}: cannot be read as an array ({error}); {REMEDY}") from None


def _agree(path: Path, what: str, found: object, stated: object) -> None:
    if found != stated:
        raise RecordError(f"{path}: {what} is {found}, but the manifest beside it says {stated}; {REMEDY}")
