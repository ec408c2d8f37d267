"""Anybody's images, read when they are asked for: a folder, a zip, an array, a prepared data set."""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vigan.data.archive import Archive, FileSource, Folder, images_among
from vigan.data.decode import SUFFIXES, decode
from vigan.data.resize import antialias, centre_crop
from vigan.data.source import DataError
from vigan.data.store import ARRAY, MANIFEST

Picture = NDArray[np.uint8]
"""An image (1 or 3, height, width)."""

CHANNELS = (1, 3)
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
    """Image files of a folder or a zip, in the order of their names; grey ones are read as colour."""

    files: FileSource
    names: Sequence[str]
    fitting: Fitting

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, part: slice) -> Sequence[Picture]:
        return [self._read(name) for name in self.names[part]]

    def _read(self, name: str) -> Picture:
        title = self.files.title(name)
        picture = self.fitting(title, decode(title, self.files.read(name)))
        return np.ascontiguousarray(np.moveaxis(np.asarray(picture), 2, 0))

    def take(self, rows: NDArray[np.intp]) -> Gallery:
        """Those of these rows, in this order."""
        return Files(self.files, [self.names[int(row)] for row in rows], self.fitting)

    def fingerprint(self) -> str:
        """SHA-256 (hex) of names, contents and fitting."""
        total = hashlib.sha256(repr(tuple(self.fitting)).encode())
        for name in self.names:
            total.update(f"{name}\n".encode() + hashlib.sha256(self.files.read(name)).digest())
        return total.hexdigest()


@dataclass(frozen=True)
class Held:
    """Images of one size in one array (n, 1 or 3, height, width)."""

    array: Picture

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, part: slice) -> Picture:
        return self.array[part]

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
    Raises DataError naming the path if it is anything else, or if arrays are to be cropped or resized.
    """
    if path.is_dir() and not (path / MANIFEST).is_file():
        return _files(Folder(path), path, fitting)
    if path.suffix.lower() == ".zip":
        return _files(Archive(path), path, fitting)
    if any(fitting):
        raise DataError(f"{path}: only image files are cropped or resized; leave --crop and --resize out")
    if path.suffix.lower() == ".npz":
        return Held(_channels_first(path, read_npz(path, (BATCH,)).get(BATCH)))
    return Held(_channels_first(path, read_npy(path / ARRAY if path.is_dir() else path)))


def read_npz(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Those of the named arrays that an `.npz` file has. Raises DataError if it cannot be read; no pickle is loaded."""
    with _reading(path), np.load(path, allow_pickle=False) as archive:
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("no npz")
        return {name: archive[name] for name in names if name in archive.files}


def read_npy(path: Path) -> np.ndarray:
    """The array of a `.npy` file, memory-mapped. Raises DataError if it cannot be read; no pickle is loaded."""
    with _reading(path):
        return np.load(path, mmap_mode="r", allow_pickle=False)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Within, what may go wrong with a file is a DataError that names it."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path}: not there; name a folder or zip of images, a .npy or an .npz file") from None
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        reason = " ".join(f"{error}".split())
        raise DataError(f"{path}: cannot be read as an array ({reason}); name a folder, .npy or .npz file") from None


def _files(files: FileSource, path: Path, fitting: Fitting) -> Files:
    names = images_among(files.names())
    if not names:
        raise DataError(f"{path}: no image in it ({', '.join(SUFFIXES)})")
    return Files(files, names, fitting)


def _channels_first(path: Path, array: object) -> Picture:
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or array.ndim != 4 or not array.size:
        raise DataError(f"{path}: {_describe(array)}; images are uint8 from 0 to 255, four axes")
    if array.shape[1] in CHANNELS:
        return array
    if array.shape[3] in CHANNELS:
        return np.moveaxis(array, 3, 1)
    raise DataError(f"{path}: shape {array.shape} has no axis of 1 or 3 channels in second or last place")


def _describe(array: object) -> str:
    if array is None:
        return f"no '{BATCH}' in it"
    return f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "several arrays in one file"
