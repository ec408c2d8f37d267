"""Files with a network's weights: published ones, known by size and digest, and where they are on this machine."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vigan.io.files import RecordError
from vigan.runtime.download import fetch
from vigan.runtime.settings import cache_folder, expanded, setting


@dataclass(frozen=True)
class Archive:
    """A published file: where it is, its size in bytes, its SHA-256 (hex), the setting that may name a copy."""

    url: str
    size: int
    sha256: str
    setting: str

    @property
    def name(self) -> str:
        """Its file name."""
        return self.url.rpartition("/")[2]

    @property
    def variable(self) -> str:
        """The environment variable that may name a copy."""
        return f"VIGAN_{self.setting.upper()}"


def find(archive: Archive, named: Path | None = None) -> Path:
    """The archive's file: `named`, else the one its setting names, else fetched once into the cache folder.

    Raises RecordError if a named file is missing or the archive cannot be fetched.
    """
    told = named or setting(archive.setting)
    if not told:
        return _fetched(archive)
    path = expanded(told)
    if not path.is_file():
        raise RecordError(f"{path}: no such file; set {archive.variable} to {archive.name}, or unset it to fetch that")
    return path


def at_hand(archive: Archive) -> bool:
    """Whether the archive's file is where `find` would take it from, without fetching it."""
    return expanded(setting(archive.setting) or cache_folder() / archive.name).is_file()


def _fetched(archive: Archive) -> Path:
    try:
        path = cache_folder() / archive.name
        return fetch(archive.url, path, sha256=archive.sha256, size=archive.size)
    except RecordError as error:
        raise RecordError(f"{error}; or set {archive.variable} to a copy, or VIGAN_CACHE to another folder") from None


def content(path: Path, archive: Archive) -> bytes:
    """The bytes of a file, which are those of the archive. Raises RecordError if they are others.

    Such a file is a program to torch: the bytes that it reads are the bytes that were checked.
    """
    read = path.read_bytes()
    found = hashlib.sha256(read).hexdigest()
    if found != archive.sha256:
        raise RecordError(
            f"{path}: SHA-256 {found}, expected {archive.sha256}; name {archive.name}, from {archive.url}"
        )
    return read


@contextmanager
def torchscript_warning_ignored(name: str) -> Iterator[None]:
    """Within, torch does not warn that `torch.jit`'s function of this name is deprecated: some weights need it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=rf".*torch\.jit\.{name}.*deprecated")
        yield
