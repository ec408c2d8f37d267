"""Your own images, from a folder of files, an array or a prepared data set, as uint8 (n, channels, height, width)."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from vigan.data.archive import Archive, FileSource, Folder, images_in
from vigan.data.decode import decode
from vigan.data.source import DataError
from vigan.data.store import ARRAY, MANIFEST, load
from vigan.io.arrays import read_array
from vigan.io.files import RecordError

CHANNELS = (1, 3)
WAYS = "name a folder or .zip of images, a .npy file, or an .npz of one array"


def load_images(path: Path) -> np.ndarray:
    """Images of `path`, uint8 (n, 1 or 3, height, width), all of one size.

    `path` is a folder or a zip with image files (at any depth, in the order of their names; grey ones are read as
    colour), a folder that `vigan prepare` wrote, or a `.npy` file, or an `.npz` of one array, with uint8 images,
    channels first or last. Raises DataError naming the path, or the file in it, if it is anything else.
    """
    if path.is_dir():
        return _prepared(path) if (path / MANIFEST).is_file() else _files(Folder(path))
    return _files(Archive(path)) if _is_zip_of_files(path) else _array(path)


def _prepared(path: Path) -> np.ndarray:
    load(path, verify=True)
    return _array(path / ARRAY)


def _is_zip_of_files(path: Path) -> bool:
    """Whether a file is a zip of other things than arrays, which make an npz."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    return not all(name.endswith((".npy", "/")) for name in Archive(path).names())


def _files(files: FileSource) -> np.ndarray:
    names = images_in(files, files.names())
    if not names:
        raise DataError(f"{files.path}: no image in it; {WAYS}")
    first = np.asarray(decode(files.title(names[0]), files.read(names[0])))
    images = np.empty((len(names), *first.shape), np.uint8)
    for row, name in enumerate(names):
        picture = np.asarray(decode(files.title(name), files.read(name)))
        if picture.shape != first.shape:
            sizes = [f"{width}x{height}" for height, width, _ in (picture.shape, first.shape)]
            raise DataError(f"{files.title(name)}: {sizes[0]} pixels, but {names[0]} has {sizes[1]}; make them equal")
        images[row] = picture
    return np.moveaxis(images, 3, 1)


def _array(path: Path) -> np.ndarray:
    try:
        array = read_array(path, remedy=WAYS)
    except RecordError as error:
        raise DataError(str(error)) from None
    if array.dtype != np.uint8 or array.ndim != 4 or not array.size:
        raise DataError(f"{path}: {array.dtype} of shape {array.shape}; images are uint8 from 0 to 255, four axes")
    if array.shape[1] in CHANNELS:
        return array
    if array.shape[3] in CHANNELS:
        return np.moveaxis(array, 3, 1)
    raise DataError(f"{path}: shape {array.shape} has no axis of 1 or 3 channels in second or last place")
