"""Data sets that torchvision knows by name: read, checked and, if asked for, fetched by torchvision."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np

from vigan.config.datasets import TORCHVISION, Torchvision
from vigan.data.source import DataError, SourceData
from vigan.runtime.settings import expanded, setting

DAMAGE = (RuntimeError, OSError, EOFError, ValueError, KeyError, AssertionError, IndexError, pickle.UnpicklingError)
"""What torchvision raises for files that are missing or not what they should be."""


FILES = {"CIFAR10": "cifar-10-batches-py", "CIFAR100": "cifar-100-python", "SVHN": "{part}_32x32.mat"}
"""What torchvision keeps of a data set in its `root`; of those that are not named here, NAME/raw."""


def source_data(dataset: Torchvision, fetched: Path, *, download: bool) -> SourceData:
    """The images, uint8 (n, 1 or 3, 32, 32), in the order of torchvision's files, and their labels.

    Raises DataError that says where they were looked for and what to do, or what is wrong with them.
    """
    images, labels = read(dataset, fetched, download=download)
    margin = (dataset.side - images.shape[-1]) // 2
    framed = f"28x28 images, a black margin of {margin} pixels on each side" if margin else "32x32 images as they are"
    return SourceData(
        count=len(images),
        shape=dataset.shape,
        dtype=np.dtype(np.uint8),
        blocks=(block for block in [np.pad(images, ((0, 0), (0, 0), (margin, margin), (margin, margin)))]),
        labels=labels,
        preprocessing=framed,
        notes=(f"torchvision's {dataset.name}, its {dataset.part} part",),
    )


def locate(dataset: Torchvision, fetched: Path) -> Path | None:
    """The `root` of torchvision's data sets: of VIGAN_TORCHVISION, else `fetched`, if this one is there, else None."""
    if named := setting("torchvision"):
        return expanded(named)
    files = FILES.get(dataset.name, f"{dataset.name}/raw").format(part=dataset.part)
    return fetched if (fetched / files).exists() else None


def read(dataset: Torchvision, fetched: Path, *, download: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (n, channels, side, side) and labels int64 (n,). Raises DataError, see `source_data`.

    With `download`, torchvision fetches what is not in `fetched`, unless VIGAN_TORCHVISION names another place.
    """
    root = find(dataset, fetched, download=download)
    try:
        found = _opened(dataset, root, fetch=download and not setting("torchvision"))
    except (*DAMAGE, URLError) as error:
        reason = " ".join(f"{error}".split()) or type(error).__name__
        raise DataError(f"{root}: no {dataset.name} that can be read ({reason}). {ways(dataset)}") from None
    images, labels = _first_channels(np.asarray(found.data)), np.asarray(_labels(found), dtype="<i8")
    _check(dataset, root, images, labels)
    return images, labels


def find(dataset: Torchvision, fetched: Path, *, download: bool = False) -> Path:
    """The `root` in which the data set is, see `locate`, or is to be put. Raises DataError that says what to do."""
    root = locate(dataset, fetched) or (fetched if download else None)
    if root is None:
        raise DataError(f"torchvision's {dataset.name}: VIGAN_TORCHVISION is not set. {ways(dataset)}")
    if setting("torchvision") and not root.is_dir():
        raise DataError(f"{root}: no such folder, which VIGAN_TORCHVISION names. {ways(dataset)}")
    return root


def _opened(dataset: Torchvision, root: Path, *, fetch: bool) -> Any:
    """Torchvision's own object, which checks the MD5 of CIFAR's and SVHN's files, and of all that it fetches."""
    from torchvision import datasets

    root.mkdir(parents=True, exist_ok=True)
    kind = getattr(datasets, dataset.name)
    part = {"split": dataset.part} if dataset.name == "SVHN" else {"train": dataset.part == "train"}
    return kind(root, download=fetch, **part)


def _labels(found: Any) -> Any:
    return found.labels if hasattr(found, "labels") else found.targets


def _first_channels(images: np.ndarray) -> np.ndarray:
    """Images (n, channels, side, side) of torchvision's (n, side, side), (n, side, side, 3) or (n, 3, side, side)."""
    if images.ndim == 3:
        return images[:, None]
    return images if images.shape[1] == 3 else np.moveaxis(images, 3, 1)


def _check(dataset: Torchvision, root: Path, images: np.ndarray, labels: np.ndarray) -> None:
    known, told = TORCHVISION[dataset.name], f"{root}: not torchvision's {dataset.name}, {dataset.part} part"
    if len(images) != dataset.count or len(labels) != dataset.count:
        raise DataError(f"{told}: {len(images)} images and {len(labels)} labels instead of {dataset.count}")
    if images.dtype != np.uint8 or images.shape[1] != known.channels or images.shape[2:] not in {(28, 28), (32, 32)}:
        raise DataError(f"{told}: {images.dtype} of shape {images.shape}")
    if not np.array_equal(np.unique(labels), np.arange(known.classes)):
        raise DataError(f"{told}: its labels are not 0 to {known.classes - 1}")


def ways(dataset: Torchvision) -> str:
    """What to do where the files are missing."""
    return (
        f"Set VIGAN_TORCHVISION to the folder that torchvision calls `root`, with all files of {dataset.name}, "
        "unpacked (or `snakemake ... --config torchvision=PATH`), or let them be fetched: `--config download=true` or "
        "`vigan prepare --download`"
    )
