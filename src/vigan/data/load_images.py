"""Your own images, from a folder of files, an array or a prepared data set, as uint8 (n, channels, height, width)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vigan.data.archive import Folder, images_among
from vigan.data.decode import SUFFIXES, decode
from vigan.data.source import DataError
from vigan.data.store import ARRAY, MANIFEST

CHANNELS = (1, 3)


def load_images(path: Path) -> np.ndarray:
    """Images of `path`, uint8 (n, 1 or 3, height, width), all of one size.

    `path` is a folder with image files (at any depth, in the order of their names; grey ones are read as colour), a
    folder that `vigan prepare` wrote, or a `.npy` file with uint8 images, channels first or last. Raises DataError
    naming the path, or the file in it, if it is anything else.
    """
    if path.is_dir():
        return _array(path / ARRAY) if (path / MANIFEST).is_file() else _folder(path)
    return _array(path)


def _folder(path: Path) -> np.ndarray:
    files = Folder(path)
    names = images_among(files.names())
    if not names:
        raise DataError(f"{path}: no image in it ({', '.join(SUFFIXES)})")
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
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path}: not there; name a folder of images or a .npy file") from None
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as an array ({error}); name a folder or a .npy file") from None
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or array.ndim != 4 or not array.size:
        raise DataError(f"{path}: {_describe(array)}; images are uint8 from 0 to 255, four axes")
    if array.shape[1] in CHANNELS:
        return array
    if array.shape[3] in CHANNELS:
        return np.moveaxis(array, 3, 1)
    raise DataError(f"{path}: shape {array.shape} has no axis of 1 or 3 channels in second or last place")


def _describe(array: object) -> str:
    return f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "several arrays in one file"
