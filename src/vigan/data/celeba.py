"""Aligned CelebA faces: locating, downloading and preprocessing them."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from vigan.config.datasets import CELEBA_COUNT, CelebA
from vigan.data.archive import Archive, FileSource, Folder, images_among, linked_folders, no_image_in
from vigan.data.decode import decode
from vigan.data.parallel import image_blocks
from vigan.data.resize import antialias, centre_crop, released_bicubic, to_uint8
from vigan.data.source import DataError, SourceData
from vigan.io.files import RecordError
from vigan.runtime import download as web
from vigan.runtime.settings import expanded

ARCHIVE = "img_align_celeba.zip"
FILE_ID = "0B7EVK8r0v71pZjFTYXZWM3FlRnM"
MEMBERS = "img_align_celeba"
HALF_SIZE = (89, 109)
HALF_CROP = 54
OFFICIAL_SIZE = (178, 218)
FRESH_COPY = f"get a fresh copy of {ARCHIVE} (1.4 GB)"
HOW_TO_GET = f"""CelebA's aligned images were not found. Three ways to get them:
  1. set VIGAN_CELEBA to the official {ARCHIVE} (no need to unpack it) or to the folder of its jpgs;
  2. name it for one run: `snakemake ... --config celeba=PATH` or `vigan prepare --celeba PATH`;
  3. let it be fetched (1.4 GB from Google Drive, no account needed): `--config download=true` or
     `vigan prepare --download`."""
URL = f"https://drive.usercontent.google.com/download?id={FILE_ID}&export=download&confirm=t"
SIZE = 1_443_490_838
SHA256 = "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74"
"""Of the file whose MD5 torchvision checks; size and SHA-256 as TensorFlow Datasets publishes them."""
LICENCE = (
    "CelebA (Liu, Luo, Wang, Tang, ICCV 2015) is for non-commercial research only; neither its images nor arrays, "
    "grids or samples of them may be redistributed or published"
)


def locate(path: Path | None, fetched: Path) -> Path | None:
    """Path of CelebA: `path`, else $VIGAN_CELEBA, else the test data's copy, else what lies in `fetched`, else None.

    A path that was given is returned whether or not it exists, so that the error can name it.
    """
    if path is not None:
        return expanded(path)
    if named := os.environ.get("VIGAN_CELEBA"):
        return expanded(named)
    if tests := os.environ.get("VIGAN_TEST_DATA"):
        copy = Path(tests) / "data" / "celeba-10k" / ARCHIVE
        if copy.is_file():
            return copy
    return fetched / ARCHIVE if (fetched / ARCHIVE).is_file() else None


def find(path: Path | None, fetched: Path, *, download: bool = False) -> Path:
    """An existing path to CelebA: see `locate`; with `download`, one in `fetched`, fetched unless it is there whole.

    Raises DataError with the ways to get it if it is not found, or naming the path that was given.
    """
    found = locate(path, fetched)
    if download and found in (None, fetched / ARCHIVE):
        return fetch(fetched)
    if found is None:
        raise DataError(*HOW_TO_GET.split("\n", 1))
    if not found.exists():
        raise DataError(f"{found}: no such file or folder", HOW_TO_GET)
    return found


def fetch(folder: Path) -> Path:
    """Path of the official archive in `folder`, downloaded from Google Drive unless it is there; not unpacked.

    The address is the one behind Google's page on files too large for its virus scanner. Raises DataError, with the
    other ways, if the download fails; see `vigan.runtime.download.fetch`.
    """
    try:
        return web.fetch(URL, folder / ARCHIVE, sha256=SHA256, size=SIZE)
    except RecordError as error:
        raise DataError(str(error), HOW_TO_GET) from None


def source_data(dataset: CelebA, path: Path, workers: int) -> SourceData:
    """The faces at `path` (a zip, or a folder of jpgs), in the order of their names.

    Raises DataError naming the file if there are none, fewer than `limit`, not `count`, or one that is damaged or of
    another size than the first.
    """
    files = Folder(path) if path.is_dir() else Archive(path, FRESH_COPY)
    names = files.names()
    found = faces(names)
    chosen = found[: dataset.limit]
    _check_count(files, names, len(found), dataset)
    _check_distinct(path, found)
    _check_left_out(files, set(names) - set(found))
    transform = Face(dataset.crop, dataset.side, dataset.resize, _size_of_first(files, chosen, dataset.crop))
    return SourceData(
        count=len(chosen),
        shape=dataset.shape,
        dtype=np.dtype(np.uint8),
        blocks=image_blocks(files, chosen, transform, dataset.shape, workers),
        preprocessing=transform.words,
        skipped=len(names) - len(found),
        links=len(linked_folders(files, set(names) - set(found))),
        notes=(LICENCE, f"{len(chosen)} of the official {CELEBA_COUNT} images"),
    )


def count(dataset: CelebA, path: Path) -> int:
    """How many faces of those at `path` the data set takes. Raises DataError if they are not those that it is about."""
    files = Folder(path) if path.is_dir() else Archive(path, FRESH_COPY)
    names = files.names()
    found = len(faces(names))
    _check_count(files, names, found, dataset)
    return min(found, dataset.limit or found)


@dataclass(frozen=True)
class Face:
    """Transform of one face of `size` (width, height): centre crop of `crop` pixels, resized to `side`."""

    crop: int
    side: int
    resize: str
    size: tuple[int, int]

    @property
    def words(self) -> str:
        """Description of the preprocessing."""
        how = {
            "antialias": "Pillow's bicubic (antialiased)",
            "released": "TensorFlow 1's bicubic (not antialiased), clipped to 0..255 and rounded",
        }[self.resize]
        width, height = self.size
        return f"{width}x{height} files, centre crop {self.crop}x{self.crop}, to {self.side}x{self.side} by {how}"

    def __call__(self, title: str, data: bytes) -> np.ndarray:
        """Example, uint8 (3, side, side). Raises DataError if the image is damaged or not of `size`."""
        image = decode(title, data)
        if image.size != self.size:
            raise DataError(f"{title}: {_by(image.size)} pixels, but the first file has {_by(self.size)}; remove one")
        crop = centre_crop(image, self.crop, self.crop)
        return np.moveaxis(self._resized(crop), 2, 0)

    def _resized(self, crop: Image.Image) -> np.ndarray:
        if self.resize == "antialias":
            return np.asarray(antialias(crop, self.side))
        return to_uint8(released_bicubic(np.asarray(crop), self.side))


def faces(names: Sequence[str]) -> list[str]:
    """The images at the top or in a folder `img_align_celeba`, at whatever depth that stands."""
    return [name for name in images_among(names) if PurePosixPath(name).parent.name in ("", MEMBERS)]


def _check_left_out(files: FileSource, names: Set[str]) -> None:
    """Raise DataError if a member that is no face is damaged: its name may be what is."""
    for name in sorted(names):
        files.head(name)


def _check_distinct(path: Path, faces: Sequence[str]) -> None:
    first: dict[str, str] = {}
    for face in faces:
        other = first.setdefault(face.rpartition("/")[2], face)
        if other != face:
            raise DataError(f"{path}: the same face in two places, {other} and {face}; remove one")


def _check_count(files: FileSource, names: Sequence[str], found: int, dataset: CelebA) -> None:
    if found == 0:
        elsewhere = sum(name.lower().endswith(".jpg") for name in names)
        what = f"{files.path}: {elsewhere} jpg elsewhere" if elsewhere else no_image_in(files, names, "jpg")
        raise DataError(f"{what}; faces lie at the top or under {MEMBERS}/: name the official {ARCHIVE}")
    path, limit, count = files.path, dataset.limit, dataset.count
    if limit is not None and found < limit:
        raise DataError(f"{path}: only {found} images, but the data set's `limit` is {limit}; lower it to {found}")
    if count is not None and found != count:
        raise DataError(f"{path}: {found} images, but the study is about {count}; name the complete {ARCHIVE}")


def _size_of_first(files: FileSource, faces: Sequence[str], crop: int) -> tuple[int, int]:
    title = files.title(faces[0])
    size = decode(title, files.read(faces[0])).size
    if crop > min(size):
        half = size == HALF_SIZE
        advice = "this is the half-size copy: set `crop: 54`" if half else f"set `crop` to at most {min(size)}"
        raise DataError(f"{title}: {_by(size)} pixels, too small for a crop of {crop}; {advice}")
    if size == OFFICIAL_SIZE and crop == HALF_CROP:
        raise DataError(f"{title}: {_by(size)} pixels, but a crop of {crop} is for the half-size copy; set `crop: 108`")
    return size


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
