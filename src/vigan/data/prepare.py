"""Any source -> one array, its labels and a manifest; the manifest is written last, so its existence means finished."""

from __future__ import annotations

import contextlib
import hashlib
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from vigan.config.datasets import CelebA, Dataset, Digits, ImageFolder, StackedDigits, Torchvision
from vigan.data import celeba as faces
from vigan.data import digits, image_folder, stacked_digits, torchvision_sets, toy
from vigan.data.source import DataError, Material
from vigan.data.store import ARRAY, LABELS, MANIFEST
from vigan.io.files import atomic_write, write_json

Progress = Callable[[int, int], None]


def prepare(
    dataset: Dataset,
    folder: Path,
    *,
    celeba: Path | None = None,
    download: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The manifest of `dataset`, written into `folder` as array.npy, labels.npy (if there are labels), manifest.json.

    Images are uint8 NCHW, toys float32 (N, 2), labels int64. The bytes depend on the source and `dataset` alone, not
    on `workers` or the day. `celeba`: the archive or folder to read, see `vigan.data.celeba.locate` (and
    `vigan.data.mnist.locate`); with `download` a source is fetched, if it is nowhere, into `download` beside `folder`.
    `progress` is called with (examples done, examples in all) after each block.

    The manifest holds source, spec, preprocessing, count, shape (of one example), dtype, bytes and sha256 of the array
    file, labels (whether there are any), labels_sha256, skipped (files that are no images), mean (per channel or
    coordinate, on the stored scale) and notes. Raises DataError naming a file and what to do; a result that was in
    `folder` before stays usable until the new array is complete.
    """
    if workers < 1:
        raise DataError(f"workers is {workers}; it must be at least 1")
    material = _material(dataset, celeba, folder.parent / "download" if download else None, workers)
    with contextlib.closing(material.blocks):
        mean, digest = _write_array(folder, material, progress)
    manifest = {
        "source": dataset.source,
        "spec": dataset.model_dump(mode="json"),
        "preprocessing": material.preprocessing,
        "count": material.count,
        "shape": list(material.shape),
        "dtype": material.dtype.name,
        "bytes": (folder / ARRAY).stat().st_size,
        "sha256": digest,
        "labels": material.labels is not None,
        "labels_sha256": _write_labels(folder / LABELS, material.labels),
        "skipped": material.skipped,
        "mean": mean,
        "notes": list(material.notes),
    }
    write_json(folder / MANIFEST, manifest)
    return manifest


def _material(dataset: Dataset, celeba: Path | None, download_to: Path | None, workers: int) -> Material:
    match dataset:
        case Digits():
            return digits.material(dataset, download_to)
        case StackedDigits():
            return stacked_digits.material(dataset, download_to)
        case Torchvision():
            return torchvision_sets.material(dataset, download_to)
        case CelebA():
            return faces.material(dataset, faces.find(celeba, download_to), workers)
        case ImageFolder():
            return image_folder.material(dataset, workers)
        case _:
            return toy.material(dataset)


def _write_array(folder: Path, material: Material, progress: Progress | None) -> tuple[list[float], str]:
    """Mean per channel and SHA-256 of the array file; an older manifest goes just before the new array is in place."""
    header = {"descr": material.dtype.str, "fortran_order": False, "shape": (material.count, *material.shape)}
    _check_room(folder, material)
    with atomic_write(folder / ARRAY) as stream:
        digested = Digested(stream)
        np.lib.format.write_array_header_1_0(digested, header)
        total = _write_blocks(digested, material, progress)
        (folder / MANIFEST).unlink(missing_ok=True)
    per_channel = material.count * math.prod(material.shape[1:])
    return [float(value) for value in total / per_channel], digested.sha256.hexdigest()


class Digested:
    """A binary file, written through, and the SHA-256 of what was written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.sha256 = stream, hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        """Write `data` and digest it."""
        self.stream.write(data)
        self.sha256.update(data)


def _write_blocks(stream: Digested, material: Material, progress: Progress | None) -> np.ndarray:
    total, done = np.zeros(material.shape[0]), 0
    for block in material.blocks:
        stream.write(np.ascontiguousarray(block, material.dtype).data)
        total += block.sum(axis=(0, *range(2, block.ndim)), dtype=np.float64)
        done += len(block)
        if progress is not None:
            progress(done, material.count)
    return total


def _check_room(folder: Path, material: Material) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed, free = material.count * math.prod(material.shape) * material.dtype.itemsize, shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(f"{folder / ARRAY}: needs {needed / 1e9:.1f} GB but {free / 1e9:.1f} GB are free; make room")


def _write_labels(path: Path, labels: np.ndarray | None) -> str | None:
    if labels is None:
        path.unlink(missing_ok=True)
        return None
    with atomic_write(path) as stream:
        np.lib.format.write_array(stream, labels, allow_pickle=False)
    return hashlib.sha256(path.read_bytes()).hexdigest()
