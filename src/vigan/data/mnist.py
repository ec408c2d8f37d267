"""MNIST's handwritten digits: locating, downloading and reading the files."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from vigan.data.source import DataError
from vigan.io.files import RecordError
from vigan.runtime.download import fetch
from vigan.runtime.settings import expanded, setting

Origin = Literal["mnist", "mnist-test"]
MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist"
GZIP = b"\x1f\x8b"
FOLDERS = (".", "raw", "MNIST/raw")
"""Subfolders that are searched; torchvision's layout is the last."""


LARGEST = 64 * 2**20
"""Bytes of an unpacked file, at most: MNIST's largest has 47 million."""


class Packed(NamedTuple):
    """One of MNIST's four files as published: its name without `.gz`, size and SHA-256 of the packed file."""

    stem: str
    size: int
    sha256: str


class Part(NamedTuple):
    """One of MNIST's two parts: its title, its files, and the number of each digit."""

    words: str
    images: Packed
    labels: Packed
    counts: tuple[int, ...]

    @property
    def names(self) -> str:
        """Its files, packed or not, in words."""
        return f"{self.images.stem}[.gz] and {self.labels.stem}[.gz]"


PARTS: dict[Origin, Part] = {
    "mnist": Part(
        "MNIST's 60,000 training digits",
        Packed(
            "train-images-idx3-ubyte", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        Packed("train-labels-idx1-ubyte", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    ),
    "mnist-test": Part(
        "MNIST's 10,000 test digits",
        Packed("t10k-images-idx3-ubyte", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        Packed("t10k-labels-idx1-ubyte", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
    ),
}


class Scans(NamedTuple):
    """Handwritten digits, white on black: images uint8 (n, side, side), labels int64 (n,), 0 to 9."""

    images: np.ndarray
    labels: np.ndarray


def how_to_get(origin: Origin) -> str:
    """What to do if the part is missing, as text."""
    other: Origin = "mnist-test" if origin == "mnist" else "mnist"
    return f"""The study says `origin: {origin}`. Ways to continue:
  1. set VIGAN_MNIST to the folder of {PARTS[origin].names}
     (torchvision's will do), or name it for one run: `snakemake ... --config mnist=PATH`;
  2. let them be fetched (at most 10 MB): `--config download=true` or `vigan prepare --download`;
  3. write other digits into the study: `origin: {other}` ({PARTS[other].words}), or
     `origin: sklearn`, which needs no file."""


def locate(origin: Origin, fetched: Path) -> Path | None:
    """Folder of MNIST's files: of VIGAN_MNIST, else the test data's copy or `fetched`, if it has this part, else None.

    VIGAN_MNIST may name one of the files. A folder that was given is returned whatever it contains, so that
    the error can name it.
    """
    if named := setting("mnist"):
        path = expanded(named)
        return path.parent if path.is_file() else path
    return next((place for place in _usual(fetched) if _files(place, PARTS[origin])), None)


def find(origin: Origin, fetched: Path, *, download: bool = False) -> tuple[Path, Path]:
    """Files with the part's images and labels; with `download`, in `fetched`, fetched unless they are there whole.

    Raises DataError that says where they were searched and what to do.
    """
    folder, part = locate(origin, fetched), PARTS[origin]
    if download and folder in (None, fetched):
        return fetch_part(origin, fetched)
    if folder is None:
        looked = f"VIGAN_MNIST is not set, and they are not in {' or '.join(map(str, _usual(fetched)))}"
        raise _missing(f"{part.words} were not found: {looked}", origin)
    if files := _files(folder, part):
        return files
    raise _missing(f"{folder}: no {part.names} in it, nor in raw/ or MNIST/raw/ below it", origin)


def at_hand(origin: Origin, fetched: Path) -> tuple[Path, Path] | None:
    """Files with the part's images and labels, where they are or were fetched to; None if they are nowhere."""
    folder = locate(origin, fetched)
    return _files(folder, PARTS[origin]) if folder else None


def fetch_part(origin: Origin, folder: Path) -> tuple[Path, Path]:
    """Files with the part's images and labels in `folder`, packed, from the mirror that torchvision asks first.

    Raises DataError, with the other ways, if a download fails; see `vigan.runtime.download.fetch`.
    """
    part = PARTS[origin]
    try:
        images, labels = (_fetched(packed, folder) for packed in (part.images, part.labels))
    except RecordError as error:
        raise _missing(str(error), origin) from None
    return images, labels


def read(origin: Origin, fetched: Path, *, download: bool = False) -> Scans:
    """The part's scans, 28x28, in the files' order.

    Raises DataError naming a file that is damaged, or whose digits are not those of MNIST (other data sets, such as
    Fashion-MNIST, come in files of the same names).
    """
    images_path, labels_path = find(origin, fetched, download=download)
    images, labels = _idx(images_path, 3), _idx(labels_path, 1)
    part = PARTS[origin]
    if tuple(np.bincount(labels)) != part.counts:
        raise DataError(f"{labels_path}: not the labels of {part.words}; name the folder of the original files")
    if images.shape != (len(labels), 28, 28):
        expected = (len(labels), 28, 28)
        raise DataError(f"{images_path}: images of shape {images.shape}, expected {expected}; get a fresh copy")
    return Scans(images, labels.astype("<i8"))


def _missing(line: str, origin: Origin) -> DataError:
    heading, ways = how_to_get(origin).split("\n", 1)
    return DataError(f"{line}. {heading}", ways)


def _fetched(packed: Packed, folder: Path) -> Path:
    name = f"{packed.stem}.gz"
    return fetch(f"{MIRROR}/{name}", folder / name, sha256=packed.sha256, size=packed.size)


def _usual(fetched: Path) -> list[Path]:
    """Where the files are looked for, if nobody names a place: the test data's copy, and what was fetched."""
    tests = os.environ.get("VIGAN_TEST_DATA")
    return [*([Path(tests) / "data" / "mnist-t10k"] if tests else []), fetched]


def _files(folder: Path, part: Part) -> tuple[Path, Path] | None:
    images, labels = (_file(folder, packed.stem) for packed in (part.images, part.labels))
    return (images, labels) if images and labels else None


def _file(folder: Path, stem: str) -> Path | None:
    candidates = (folder / place / f"{stem}{suffix}" for place in FOLDERS for suffix in ("", ".gz"))
    return next((path for path in candidates if path.is_file()), None)


def _idx(path: Path, axes: int) -> np.ndarray:
    """Array uint8 of an IDX file: two zero bytes, 8 (unsigned bytes), the number of axes, their lengths, the data."""
    content, start = unpacked(path), 4 + 4 * axes
    if len(content) < start or content[:4] != bytes((0, 0, 8, axes)):
        raise DataError(f"{path}: not an IDX file of bytes with {axes} axes; get a fresh copy")
    shape = tuple(int(length) for length in np.frombuffer(content, ">u4", axes, 4))
    if len(content) != start + math.prod(shape):
        raise DataError(f"{path}: {len(content) - start} bytes, but its head says {shape}; get a fresh copy")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def unpacked(path: Path) -> bytes:
    """Content of a file, packed or not. Raises DataError naming it if it cannot be read, or is far too large."""
    try:
        with path.open("rb") as raw:
            is_packed = raw.read(len(GZIP)) == GZIP
            raw.seek(0)
            content = (gzip.GzipFile(fileobj=raw) if is_packed else raw).read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); get a fresh copy") from None
    if len(content) > LARGEST:
        raise DataError(f"{path}: more than {LARGEST} bytes, which no part of MNIST has; get a fresh copy")
    return content
