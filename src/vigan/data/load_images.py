"""Your own images, read on demand: a folder, a zip, an array, a prepared data set."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vigan.data.archive import Archive, FileSource, Folder, images_in, left_out, linked_folders, no_image_in
from vigan.data.decode import SUFFIXES, decode, looks_like_image
from vigan.data.resize import antialias, centre_crop
from vigan.data.source import DataError
from vigan.data.store import ARRAY, MANIFEST, load
from vigan.io.arrays import read_array, read_npz

Picture = NDArray[np.uint8]
"""An image (1 or 3, height, width)."""

CHANNELS = (1, 3)
WAYS = "name a folder or .zip of images, a .npy file, or an .npz of one array or with arr_0"
BATCH = "arr_0"
"""The images of an npz, as ADM's samples and reference batches have them."""


class Gallery(Protocol):
    """Images in order: their number, a slice of them, a choice of them, and a digest of all."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, part: slice) -> Picture | Sequence[Picture]:
        """Images of a slice: one array if they are of one size by nature, else a list."""
        ...

    @property
    def left_out(self) -> str:
        """How many files beside them are no images, in words; nothing if there are none."""
        ...

    def take(self, rows: NDArray[np.intp]) -> Gallery:
        """Those of these rows, in this order."""
        ...

    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides the images."""
        ...


class Fitting(NamedTuple):
    """What is done to each picture of a file: the middle `crop` x `crop` pixels, then to `resize` x `resize`.

    Without `crop` it is the largest square that is resized, as for the data source "folder". Without either, nothing.
    """

    crop: int | None = None
    resize: int | None = None

    def __call__(self, title: str, image: Image.Image) -> Image.Image:
        """The picture, cropped and resized (Pillow's bicubic). Raises DataError if it is smaller than the crop."""
        square = self.crop or (min(image.size) if self.resize else None)
        if square is not None:
            if square > min(image.size):
                raise DataError(f"{title}: {image.width}x{image.height} pixels, too small for a crop of {square}")
            image = centre_crop(image, square, square)
        return antialias(image, self.resize) if self.resize else image

    @property
    def words(self) -> str:
        """The same in words; nothing if nothing is done."""
        cut = f"centre crop {self.crop}x{self.crop}" if self.crop else "centre square" if self.resize else ""
        return cut + (f", to {self.resize}x{self.resize} by Pillow's bicubic" if self.resize else "")


@dataclass(frozen=True)
class Files:
    """Image files of a folder or a zip, in the order of their names, beside `others`, some of them links to folders.

    Grey ones are read as colour.
    """

    files: FileSource
    names: Sequence[str]
    fitting: Fitting
    others: int = 0
    links: int = 0

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, part: slice) -> Sequence[Picture]:
        return [self._read(name) for name in self.names[part]]

    def _read(self, name: str) -> Picture:
        title = self.files.title(name)
        picture = self.fitting(title, decode(title, self.files.read(name)))
        return np.ascontiguousarray(np.moveaxis(np.asarray(picture), 2, 0))

    @property
    def left_out(self) -> str:
        """How many files beside them are no images, in words; nothing if there are none."""
        return left_out(self.others, self.links)

    def take(self, rows: NDArray[np.intp]) -> Gallery:
        """Those of these rows, in this order."""
        return replace(self, names=[self.names[int(row)] for row in rows])

    def fingerprint(self) -> str:
        """SHA-256 (hex) of names, contents and fitting."""
        total = hashlib.sha256(repr(tuple(self.fitting)).encode())
        for name in self.names:
            total.update(f"{name}\n".encode("utf-8", "surrogateescape"))  # whatever the locale
            total.update(hashlib.sha256(self.files.read(name)).digest())
        return total.hexdigest()


@dataclass(frozen=True)
class Held:
    """Images of one size in one array (n, 1 or 3, height, width)."""

    array: Picture

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, part: slice) -> Picture:
        return self.array[part]

    @property
    def left_out(self) -> str:
        """Nothing: there are no files."""
        return ""

    def take(self, rows: NDArray[np.intp]) -> Gallery:
        """Those of these rows, in this order."""
        return Held(self.array[rows])

    def fingerprint(self) -> str:
        """SHA-256 (hex) of shape and pixels."""
        total = hashlib.sha256(str(self.array.shape).encode())
        for image in self.array:
            total.update(np.ascontiguousarray(image).data)
        return total.hexdigest()


NOTHING = Fitting()


def open_gallery(path: Path, fitting: Fitting = NOTHING) -> Gallery:
    """The images of `path`; at least one.

    `path` is a folder with image files (at any depth), a zip of such (StyleGAN's, too), a folder that `vigan prepare`
    wrote, a `.npy` file with uint8 images, channels first or last, or an `.npz` file that has them as `arr_0` (ADM's).
    Raises RecordError naming the path if it is anything else, or if arrays are to be cropped or resized.
    """
    if path.is_dir() and not ((path / MANIFEST).is_file() and (path / ARRAY).is_file()):
        return _files(Folder(path), fitting)
    if _is_zip_of_files(path):
        return _files(Archive(path), fitting)
    _check_kind(path)
    if any(fitting) and _holds_arrays(path):
        raise DataError(f"{path}: only image files are cropped or resized; leave --crop and --resize out")
    if path.is_dir():
        load(path, verify=True)
    return Held(_channels_first(path, _array(path / ARRAY if path.is_dir() else path)))


def _check_kind(path: Path) -> None:
    """Raise DataError for a picture, and for what was a zip: neither is a file of arrays."""
    if not path.is_file():
        return
    head, suffix = Folder(path.parent).head(path.name), path.suffix.lower()
    if looks_like_image(head) or suffix in SUFFIXES:
        raise DataError(f"{path}: a single image; {WAYS}")
    if (head.startswith(b"PK") or suffix == ".zip") and not zipfile.is_zipfile(path):
        Archive(path).names()


def _holds_arrays(path: Path) -> bool:
    """Whether it is a prepared data set or, by its content, a file of arrays, sound or damaged."""
    if not path.is_file():
        return path.is_dir()
    is_array = Folder(path.parent).head(path.name).startswith(np.lib.format.MAGIC_PREFIX)
    return is_array or zipfile.is_zipfile(path)


def _is_zip_of_files(path: Path) -> bool:
    """Whether a file is a zip of other things than arrays, which make an npz."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    names = Archive(path).names()
    return not names or not all(name.endswith(".npy") for name in names)


def _array(path: Path) -> np.ndarray:
    """`BATCH` of an `.npz` that has several arrays, or else the only array of a file."""
    if path.is_file() and zipfile.is_zipfile(path):
        arrays = read_npz(path, remedy=WAYS)
        if BATCH in arrays:
            return arrays[BATCH]
    return read_array(path, remedy=WAYS)


def _files(files: FileSource, fitting: Fitting) -> Files:
    every = files.names()
    names = images_in(files, every)
    if not names:
        raise DataError(f"{no_image_in(files, every)}; {WAYS}")
    return Files(files, names, fitting, len(every) - len(names), len(linked_folders(files, set(every) - set(names))))


def _channels_first(path: Path, array: np.ndarray) -> Picture:
    if array.dtype != np.uint8 or array.ndim != 4 or not array.size:
        raise DataError(f"{path}: {array.dtype} of shape {array.shape}; images are uint8 from 0 to 255, four axes")
    if array.shape[1] in CHANNELS:
        return array
    if array.shape[3] in CHANNELS:
        return np.moveaxis(array, 3, 1)
    raise DataError(f"{path}: shape {array.shape} has no axis of 1 or 3 channels in second or last place")
