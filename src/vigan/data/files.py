"""The files that a data set would be made from: where they lie, and what tells that they are others."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vigan import plugins
from vigan.config.base import digest_of
from vigan.config.datasets import CelebA, Dataset, DataSource, Digits, ImageFolder, StackedDigits
from vigan.data import celeba, mnist
from vigan.data.archive import Archive, Folder, images_in
from vigan.data.source import DataError
from vigan.io.files import sha256_file
from vigan.plugins import PluginError
from vigan.runtime.settings import expanded, setting


class Files(NamedTuple):
    """The files that a data set would be made from: where they lie, what tells a change at a glance, and in full."""

    place: str
    glance: Callable[[], str]
    content: Callable[[], str]


def named_place(dataset: Dataset, archive: Path | None) -> Path | None:
    """Where somebody says that the files of a data set lie, if anybody does."""
    match dataset:
        case ImageFolder() | DataSource():
            return expanded(getattr(dataset, dataset.places[0])) if dataset.places else None
        case CelebA():
            return celeba.locate(archive, Path(os.devnull))
        case _:
            return expanded(setting("mnist")) if setting("mnist") else None


def files_of(dataset: Dataset, archive: Path | None, fetched: Path) -> Files | None:
    """The files of a data set, None where they are not at hand; `fetched` is the folder of those that were fetched.

    Raises DataError or OSError if they cannot be told, PluginError if a plug-in fails that is to name them.
    """
    match dataset:
        case CelebA():
            path = celeba.locate(archive, fetched)
            return _faces(path, dataset.limit) if path is not None and path.exists() else None
        case ImageFolder():
            path = expanded(dataset.path)
            return _in_folder(path, images_in) if path.is_dir() else None
        case Digits(origin=origin) | StackedDigits(origin=origin) if origin != "sklearn":
            return _mnist(mnist.at_hand(origin, fetched))
        case DataSource():
            files = _listed(dataset)
            at_hand = files and all(file.is_file() for file in files)
            return _of_files(files, named_place(dataset, None) or files[0]) if at_hand else None
    return None


def _listed(dataset: DataSource) -> list[Path]:
    """The files that a plug-in's source names, if it finds their folder. Raises PluginError if it fails otherwise."""
    try:
        return [Path(file) for file in dataset.source_files()]
    except OSError:
        return []
    except Exception as error:
        raise PluginError(
            plugins.blame(error, [type(dataset).__module__])
            or f"source '{dataset.source}': source_files() is to name files: {error}"
        ) from error


def _faces(path: Path, limit: int | None) -> Files | None:
    """Faces in a zip or in a folder, by the ends of their names: the same content, packed or not.

    Sizes and checksums of a zip's members are those of its directory; reading the members proves them.
    """
    if path.is_dir():
        return _in_folder(path, lambda _, names: celeba.faces(names)[:limit], lambda name: PurePosixPath(name).name)
    archive = Archive(path)
    return Files(
        str(path.resolve()),
        lambda: digest_of([_seen(path)]),
        lambda: digest_of(
            [[PurePosixPath(name).name, *archive.told(name)] for name in celeba.faces(archive.names())[:limit]]
        ),
    )


def _in_folder(
    path: Path, choose: Callable[[Folder, list[str]], list[str]], called: Callable[[str], str] = str
) -> Files | None:
    """What is chosen of the files in a folder; all of them are looked at, since any may be an image by its content.

    None where nothing of it is there: the folder may be where a drive is not mounted.
    """
    files = Folder(path)
    names = files.names()
    if not any(_glimpsed(path / name) for name in names if choose(files, [name])):
        return None
    return Files(
        str(path.resolve()),
        lambda: digest_of([[name, *_glimpsed(path / name)] for name in names]),
        lambda: digest_of([[called(name), *_sized(files.read(name))] for name in choose(files, names)]),
    )


def _mnist(files: tuple[Path, Path] | None) -> Files | None:
    if files is None:
        return None
    return Files(
        str(files[0].resolve()),
        lambda: digest_of([_seen(file) for file in files]),
        lambda: digest_of([_sized(mnist.unpacked(file)) for file in files]),
    )


def _of_files(files: Sequence[Path], place: Path) -> Files:
    """Files in whatever order they are listed: that of a folder is another after a copy."""
    return Files(
        str(place.resolve()),
        lambda: digest_of([_seen(file) for file in files]),
        lambda: digest_of(sorted([file.name, sha256_file(file)] for file in files)),
    )


def _glimpsed(path: Path) -> tuple[int, ...]:
    """Size and times of a file in a folder; nothing of what cannot be looked at, such as a link to nowhere."""
    with suppress(DataError):
        return _seen(path)
    return ()


def _seen(path: Path) -> tuple[int, int, int]:
    """Size and times of a file. Raises DataError if there is none."""
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check link and permissions") from None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _sized(data: bytes) -> tuple[int, int]:
    return len(data), zlib.crc32(data)
