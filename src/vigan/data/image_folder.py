"""A folder of images as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vigan.config.datasets import ImageFolder
from vigan.data.archive import Folder, images_in, linked_folders, no_image_in
from vigan.data.decode import decode
from vigan.data.parallel import image_blocks
from vigan.data.resize import antialias, centre_crop
from vigan.data.source import DataError, SourceData
from vigan.runtime.settings import expanded

SMALLEST = 8


def source_data(dataset: ImageFolder, workers: int) -> SourceData:
    """Every image below the folder, in the order of their relative names; other and hidden files are counted.

    If each image lies in one of two or more folders at the top, these are classes: labels number them in the order of
    their names.

    Raises DataError naming the folder if it is missing or has no image, or the file that is damaged or less than
    `SMALLEST` pixels wide or high: enlarged, it would be a blur.
    """
    files, names, images = _found(dataset)
    classes = class_folders(images)
    labels = np.array([classes.index(_top(name)) for name in images], dtype=np.int64) if classes else None
    classified = f"; labels are its {len(classes)} folders, in the order of their names" if classes else ""
    return SourceData(
        count=len(images),
        shape=dataset.shape,
        dtype=np.dtype(np.uint8),
        blocks=image_blocks(files, images, Picture(dataset.side, dataset.channels), dataset.shape, workers),
        preprocessing=f"centre square, to {dataset.side}x{dataset.side} by Pillow's bicubic (antialiased){classified}",
        labels=labels,
        skipped=len(names) - len(images),
        links=len(linked_folders(files, set(names) - set(images))),
    )


def class_folders(images: Sequence[str]) -> list[str]:
    """The folders at the top, by name, if each image lies in one of them and they are two at least; else none."""
    tops = sorted({_top(name) for name in images})
    return tops if len(tops) > 1 and "" not in tops else []


def _top(name: str) -> str:
    return name.partition("/")[0] if "/" in name else ""


def count(dataset: ImageFolder) -> int:
    """How many images there are. Raises DataError if there is none."""
    return len(_found(dataset)[2])


def _found(dataset: ImageFolder) -> tuple[Folder, list[str], list[str]]:
    """The folder, the names of its files and those of its images."""
    files = Folder(expanded(dataset.path))
    names = files.names()
    images = images_in(files, names)
    if not images:
        raise DataError(f"{no_image_in(files, names)}; check `path`")
    return files, names, images


@dataclass(frozen=True)
class Picture:
    """Transform of one image: centre square, resized to `side`, as colour (3 channels) or grey (1)."""

    side: int
    channels: int

    def __call__(self, title: str, data: bytes) -> np.ndarray:
        """Example, uint8 (channels, side, side). Raises DataError if the image cannot be decoded."""
        image = decode(title, data)
        square = min(image.size)
        if square < SMALLEST:
            raise DataError(f"{title}: {image.width}x{image.height} pixels, at least {SMALLEST} are needed; remove it")
        small = antialias(centre_crop(image, square, square), self.side)
        if self.channels == 1:
            return np.asarray(small.convert("L"))[None]
        return np.moveaxis(np.asarray(small), 2, 0)
