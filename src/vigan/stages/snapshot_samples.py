"""The samples of one snapshot of a run that was made elsewhere, in the form in which a data set has its examples."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image

from vigan import rng
from vigan.config.datasets import Dataset, framed_side
from vigan.data.load_images import Files, Fitting, Gallery, open_gallery
from vigan.io.arrays import read_array
from vigan.io.files import RecordError

MOST_KEPT, KEPT_BYTES = {3: 64, 1: 1000}, 2**20
"""Most samples of a snapshot that are kept for pictures, by the number of axes of an example, and most bytes."""


def _in_sight(path: Path, images: Gallery) -> Gallery:
    """The images of a folder but for hidden files and links, which are not among an arm's files."""
    if not path.is_dir() or not isinstance(images, Files):
        return images
    seen = [row for row, name in enumerate(images.names) if "." not in _starts(name) and not (path / name).is_symlink()]
    if not seen:
        raise RecordError(f"{path}: no image in it; lay samples out as seed-0/step-1000/, or remove the folder")
    return images.take(np.array(seen, dtype=np.intp))


def _starts(name: str) -> set[str]:
    return {part[0] for part in name.split("/")}


class SnapshotSamples:
    """The samples of one snapshot, in the form in which the data set stores its examples.

    Images of the size of those that the data set frames in black are framed alike. Others are resized, if they are
    files: `resized` are the widths and heights of those taken so far. Raises RecordError for what is not of the
    data's form.
    """

    def __init__(self, path: Path, dataset: Dataset, dtype: np.dtype) -> None:
        self.path, self.shape, self.dtype = path, dataset.shape, dtype
        self.framed = framed_side(dataset)
        self.resized: set[tuple[int, int]] = set()
        self.images: Gallery | None = None
        if len(self.shape) == 3:
            self.images = _in_sight(path, open_gallery(path))
        else:
            self.points = self._points()
        self.count = len(self.points if self.images is None else self.images)

    def _points(self) -> np.ndarray:
        files = sorted(self.path.iterdir()) if self.path.is_dir() else [self.path]
        if len(files) != 1:
            raise RecordError(f"{self.path}: {len(files)} files; points are one array (n, 2), .npy or .npz")
        points = read_array(files[0], remedy="points are one array (n, 2), .npy or .npz")
        if points.shape[1:] != self.shape or points.dtype.kind != "f" or not np.isfinite(points).all():
            raise RecordError(f"{files[0]}: {points.dtype} of shape {points.shape}; points are finite floats (n, 2)")
        return points

    def take(self, count: int) -> np.ndarray:
        """So many samples, drawn alike whenever they are."""
        rows = np.sort(rng.generator(0, "metric", "fakes").permutation(self.count)[:count])
        if self.images is None:
            return self.points[rows].astype(self.dtype)
        images = self.images  # one at a time: files may be many times larger than what becomes of them
        return np.stack([self._image(images.take(row)[slice(None)][0]) for row in rows[:, None]])

    def few(self) -> np.ndarray:
        """Those that are kept for pictures."""
        each = self.dtype.itemsize * math.prod(self.shape)
        return self.take(min(self.count, MOST_KEPT[len(self.shape)], max(1, KEPT_BYTES // each)))

    def _image(self, picture: np.ndarray) -> np.ndarray:
        """One image with as many channels and pixels as those of the data set."""
        side, size = self.shape[-1], picture.shape[1:]
        if size == (self.framed, self.framed):
            margin = (side - self.framed) // 2
            picture = np.pad(picture, ((0, 0), (margin, margin), (margin, margin)))
        elif size != (side, side) and isinstance(self.images, Files):
            self.resized.add((size[1], size[0]))
            picture = _pixels(Fitting(resize=side)(str(self.path), Image.fromarray(np.moveaxis(picture, 0, 2))))
        if len(picture) == 3 and self.shape[0] == 1:
            picture = _pixels(Image.fromarray(np.moveaxis(picture, 0, 2)).convert("L"))
        if picture.shape != self.shape:
            raise RecordError(f"{self.path}: images of shape {picture.shape}, and those of the data are {self.shape}")
        return picture


def _pixels(image: Image.Image) -> np.ndarray:
    """An image as channels, rows and columns."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
