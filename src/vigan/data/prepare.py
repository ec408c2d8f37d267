"""Any source to one array, its labels and a manifest, which is written last: if it exists, preparation is complete."""

from __future__ import annotations

import contextlib
import hashlib
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from vigan import provenance, rng
from vigan.config.datasets import (
    CelebA,
    Dataset,
    DataSource,
    Digits,
    ImageFolder,
    StackedDigits,
    Torchvision,
    modules,
    without_place,
)
from vigan.data import celeba as faces
from vigan.data import digits, identity, image_folder, stacked_digits, torchvision_sets, toy
from vigan.data.delivered import delivered
from vigan.data.identity import Source
from vigan.data.source import DataError, SourceData
from vigan.data.store import ARRAY, HELD_OUT, LABELS, MANIFEST
from vigan.io.durable import make_folder, rename, sync_folder
from vigan.io.files import atomic_write, write_json
from vigan.io.stamp import sealed

Progress = Callable[[int, int], None]


def prepare(
    dataset: Dataset,
    folder: Path,
    *,
    celeba: Path | None = None,
    download: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
    source: Source | None = None,
) -> dict[str, Any]:
    """The manifest of `dataset`, written into `folder` as array.npy, labels.npy (if there are labels), manifest.json.

    Of a data set that keeps some from training, those are in held-out.npy, and in none of the others.

    Images are uint8 NCHW, toys float32 (N, 2), labels int64. The bytes depend on the source and `dataset` alone, not
    on `workers` or the day. `celeba`: the archive or folder to read, see `vigan.data.celeba.locate` (and
    `vigan.data.mnist.locate`); with `download` a source is fetched, if it is nowhere, into the folder `download` beside
    `folder`, where it is found from then on. `progress` is called with (examples done, examples in all) after each
    block. `source` says what the files were when the data set was told by them (see `vigan.data.identity`); what they
    are is recorded beside the array.

    The manifest holds source, spec, code_sha256 (of what prepared it), versions of libraries, preprocessing, count,
    shape (of one example), dtype, bytes and sha256 of the array file, labels (whether there are any), labels_sha256,
    held_out (how many are kept from training, if any) and held_out_sha256, skipped (files that are no images), links
    (how many of these are links to folders, if any), mean (per channel or coordinate of what is trained on, on the
    stored scale) and notes. Raises DataError naming a file and what to do; a result that was in `folder` before stays
    usable until the new array is complete.
    """
    if workers < 1:
        raise DataError(f"workers is {workers}; it must be at least 1")
    maker = _maker(dataset)
    source_data = _source_data(dataset, celeba, identity.fetched(folder.parent), download=download, workers=workers)
    held_out = _held_out(dataset, source_data)
    with contextlib.closing(source_data.blocks), _staged(folder, source_data) as whole:
        manifest = _write(maker, source_data, held_out, whole, progress)
        identity.confirm(dataset, source, celeba, folder)
        _replace(whole, folder)
    return manifest


@contextlib.contextmanager
def _staged(folder: Path, source_data: SourceData) -> Iterator[Path]:
    """A folder within `folder` for what is not whole yet, which does not stay, nor one that a killed process left."""
    whole = folder / ".new"
    make_folder(folder)
    shutil.rmtree(whole, ignore_errors=True)
    _check_room(folder, source_data)
    try:
        yield whole
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def _maker(dataset: Dataset) -> dict[str, Any]:
    """What makes the array of what, told before any of it is made: files of code may be edited meanwhile."""
    return {
        "source": dataset.source,
        "spec": without_place(dataset).model_dump(mode="json"),
        "code_sha256": provenance.stage_digest("prepare", modules(dataset)),
        "versions": provenance.versions(),
    }


def _held_out(dataset: Dataset, source_data: SourceData) -> int:
    """How many examples are kept from training. Raises DataError if that leaves none."""
    held_out = dataset.held_out or 0
    if held_out >= source_data.count:
        raise DataError(
            f"there are {source_data.count} examples, and `held_out` keeps {held_out} from training; lower it"
        )
    return held_out


def _write(
    maker: Mapping[str, Any], source_data: SourceData, held_out: int, whole: Path, progress: Progress | None
) -> dict[str, Any]:
    """The manifest, written into `whole` with the arrays and the labels that it tells of."""
    kept = _kept(source_data.count, held_out)
    mean, *digests = _write_arrays(whole, source_data, kept, progress)
    apart = {"held_out": held_out, "held_out_sha256": digests[1]} if held_out else {}
    labels = None if source_data.labels is None else source_data.labels[~kept]
    manifest = {
        **maker,
        "preprocessing": source_data.preprocessing,
        "count": source_data.count - held_out,
        "shape": list(source_data.shape),
        "dtype": source_data.dtype.name,
        "bytes": (whole / ARRAY).stat().st_size,
        "sha256": digests[0],
        "labels": labels is not None,
        "labels_sha256": _write_labels(whole / LABELS, labels),
        **apart,
        "skipped": source_data.skipped,
        **({"links": source_data.links} if source_data.links else {}),
        "mean": mean,
        "notes": list(source_data.notes),
    }
    write_json(whole / MANIFEST, sealed(manifest))
    return manifest


def _replace(whole: Path, folder: Path) -> None:
    """Put what is whole and on disk in the place of what is there: its manifest goes first, the new one comes last."""
    (folder / MANIFEST).unlink(missing_ok=True)
    sync_folder(folder)
    (folder / LABELS).unlink(missing_ok=True)
    (folder / HELD_OUT).unlink(missing_ok=True)
    for name in (ARRAY, LABELS, HELD_OUT, MANIFEST):
        if (whole / name).exists():
            rename(whole / name, folder / name)


def _source_data(dataset: Dataset, celeba: Path | None, fetched: Path, *, download: bool, workers: int) -> SourceData:
    match dataset:
        case Digits():
            return digits.source_data(dataset, fetched, download=download)
        case StackedDigits():
            return stacked_digits.source_data(dataset, fetched, download=download)
        case Torchvision():
            return torchvision_sets.source_data(dataset, fetched, download=download)
        case CelebA():
            return faces.source_data(dataset, faces.find(celeba, fetched, download=download), workers)
        case ImageFolder():
            return image_folder.source_data(dataset, workers)
        case DataSource():
            return delivered(dataset)
        case _:
            return toy.source_data(dataset)


def _kept(count: int, held_out: int) -> np.ndarray:
    """Which of the examples are kept from training: the same ones for every study."""
    kept = np.zeros(count, dtype=bool)
    kept[rng.generator(0, "prepare", "held-out").permutation(count)[:held_out]] = True
    return kept


def _write_arrays(
    whole: Path, source_data: SourceData, kept: np.ndarray, progress: Progress | None
) -> tuple[list[float], *tuple[str, ...]]:
    """Mean per channel of what is trained on, and the SHA-256 of each array file: of that and of what is held out."""
    total, done = np.zeros(source_data.shape[0]), 0
    with contextlib.ExitStack() as stack:
        files = [
            _array_file(stack.enter_context(atomic_write(whole / name)), source_data, int(chosen.sum()))
            for name, chosen in ((ARRAY, ~kept), (HELD_OUT, kept))
            if chosen.any()
        ]
        for given in source_data.blocks:
            block = _checked(source_data, np.asarray(given))
            apart = kept[done : done + len(block)]
            done += len(block)
            _check_number(source_data, done)
            trained = block[~apart] if apart.any() else block
            total += trained.sum(axis=(0, *range(2, block.ndim)), dtype=np.float64)
            for file, rows in zip(files, (trained, block[apart]), strict=False):
                file.write(np.ascontiguousarray(rows).data)
            if progress is not None:
                progress(done, source_data.count)
        _check_number(source_data, done, last=True)
    per_channel = (~kept).sum() * math.prod(source_data.shape[1:])
    return [float(value) for value in total / per_channel], *(file.sha256.hexdigest() for file in files)


def _array_file(stream: IO[bytes], source_data: SourceData, count: int) -> HashingWriter:
    """The file of an array of so many examples, after its header."""
    file = HashingWriter(stream)
    header = {"descr": source_data.dtype.str, "fortran_order": False, "shape": (count, *source_data.shape)}
    np.lib.format.write_array_header_1_0(file, header)
    return file


def _checked(source_data: SourceData, block: np.ndarray) -> np.ndarray:
    """The examples as they are stored. Raises DataError unless they fit the stated shape and type without a loss."""
    if block.shape[1:] != source_data.shape:
        raise DataError(
            f"the source says that an example has shape {source_data.shape}, and delivers {block.shape[1:]}"
        )
    floats = source_data.dtype.kind == "f"
    if block.dtype != source_data.dtype and not (floats and np.can_cast(block.dtype, source_data.dtype, "same_kind")):
        raise DataError(f"the source says that its examples are {source_data.dtype}, and delivers {block.dtype}")
    if floats and not (np.abs(block) <= np.finfo(source_data.dtype).max).all():
        raise DataError("the source delivers examples that are no finite numbers in float32")
    return block.astype(source_data.dtype, copy=False)


def _check_number(source_data: SourceData, found: int, *, last: bool = False) -> None:
    if found > source_data.count or (last and found < source_data.count):
        more = "at least " if not last else ""
        raise DataError(f"the source says that it has {source_data.count} examples, and delivers {more}{found}")


class HashingWriter:
    """A binary file, with the SHA-256 of all that is written to it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.sha256 = stream, hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        """Write `data` and add it to the digest."""
        self.stream.write(data)
        self.sha256.update(data)


def _check_room(folder: Path, source_data: SourceData) -> None:
    needed, free = (
        source_data.count * math.prod(source_data.shape) * source_data.dtype.itemsize,
        shutil.disk_usage(folder).free,
    )
    if needed > free:
        raise DataError(f"{folder / ARRAY}: needs {needed / 1e9:.1f} GB but {free / 1e9:.1f} GB are free; make room")


def _write_labels(path: Path, labels: np.ndarray | None) -> str | None:
    if labels is None:
        return None
    with atomic_write(path) as stream:
        np.lib.format.write_array(stream, labels, allow_pickle=False)
    return hashlib.sha256(path.read_bytes()).hexdigest()
