"""Single handwritten digits: scikit-learn's, which need no download, or MNIST's."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from vigan.config.datasets import Digits, Origin
from vigan.data import mnist
from vigan.data.resize import antialias
from vigan.data.source import SourceData

GREY_STEPS = 16
ORIGINAL = "UCI optical recognition of handwritten digits, test part, as shipped with scikit-learn"


class Singles(NamedTuple):
    """Digits uint8 (n, side, side), white on black, labels int64 (n,), a description of preprocessing and source."""

    images: np.ndarray
    labels: np.ndarray
    preprocessing: str
    note: str


def source_data(dataset: Digits, fetched: Path, *, download: bool) -> SourceData:
    """The digits of the data set's origin, uint8 (n, 1, side, side), white on black; labels are the digits.

    Raises DataError, see `vigan.data.mnist.read`.
    """
    digits = single_digits(dataset.origin, dataset.side, fetched, download=download)
    return SourceData(
        count=len(digits.images),
        shape=dataset.shape,
        dtype=np.dtype(np.uint8),
        blocks=(block for block in [digits.images[:, None]]),
        labels=digits.labels,
        preprocessing=digits.preprocessing,
        notes=(digits.note,),
    )


def single_digits(origin: Origin, side: int, fetched: Path, *, download: bool = False) -> Singles:
    """Every digit of an origin at `side` pixels: scikit-learn's 8x8 enlarged, MNIST's 28x28 with a black margin."""
    if origin == "sklearn":
        return _enlarged(side)
    scans, margin = mnist.read(origin, fetched, download=download), (side - 28) // 2
    return Singles(
        np.pad(scans.images, ((0, 0), (margin, margin), (margin, margin))),
        scans.labels,
        f"28x28 scans, a black margin of {margin} pixels on each side",
        f"{mnist.PARTS[origin].words} (LeCun, Bottou, Bengio, Haffner 1998)",
    )


def _enlarged(side: int) -> Singles:
    from sklearn.datasets import load_digits

    scans, labels = load_digits(return_X_y=True)
    grey = np.rint(np.asarray(scans).reshape(-1, 8, 8) * (255 / GREY_STEPS)).astype(np.uint8)
    return Singles(
        np.stack([np.asarray(antialias(Image.fromarray(scan), side)) for scan in grey]),
        np.asarray(labels, dtype="<i8"),
        f"8x8 scans, levels 0..16 to 0..255, to {side}x{side} by Pillow's bicubic",
        ORIGINAL,
    )
