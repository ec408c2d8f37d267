"""Where image files stand: in a folder or in a zip that is read without unpacking."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from vigan.data.images import SUFFIXES
from vigan.data.material import DataError

ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError)


@dataclass(frozen=True)
class Folder:
    """Files below `path`; names are relative, with forward slashes."""

    path: Path

    def names(self) -> list[str]:
        """Names of all files below the folder, sorted. Raises DataError if there is no such folder."""
        if not self.path.is_dir():
            raise DataError(f"{self.path}: no such folder; check the path")
        found = (Path(base) / name for base, _, names in os.walk(self.path) for name in names)
        return sorted(file.relative_to(self.path).as_posix() for file in found)

    def title(self, name: str) -> str:
        """What to call the file `name` in a message."""
        return str(self.path / name)

    def read(self, name: str) -> bytes:
        """Content of the file `name`. Raises DataError naming it."""
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise DataError(f"{self.path / name}: cannot be read ({error.strerror}); check its permissions") from None


@dataclass(frozen=True)
class Archive:
    """Members of the zip at `path`; opened on first use and kept open."""

    path: Path
    remedy: str = "replace it by a fresh copy"

    def __reduce__(self) -> tuple[type[Archive], tuple[Path, str]]:
        """How to pickle: without the open zip."""
        return Archive, (self.path, self.remedy)

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        if not self.path.is_file():
            raise DataError(f"{self.path}: no such file; check the path")
        try:
            return zipfile.ZipFile(self.path)
        except ZIP_DAMAGE as error:
            raise DataError(f"{self.path}: {self._diagnosis(error)}; {self.remedy}") from None

    def _diagnosis(self, error: Exception) -> str:
        with self.path.open("rb") as stream:
            head = stream.read(1024).lstrip().lower()
        if head.startswith(b"<"):
            return "not a zip but a web page saved under its name (often a download quota's notice)"
        if head.startswith(b"pk"):
            return f"a truncated or damaged zip ({error})"
        return f"not a zip ({error})"

    def names(self) -> list[str]:
        """Names of all members that are files, sorted. Raises DataError if there is no such file or it is no zip."""
        return sorted({name for name in self._zip.namelist() if not name.endswith("/")})

    def title(self, name: str) -> str:
        """What to call the member `name` in a message."""
        return f"{self.path}: {name}"

    def read(self, name: str) -> bytes:
        """Content of the member `name`, its checksum verified. Raises DataError naming it."""
        try:
            return self._zip.read(name)
        except ZIP_DAMAGE as error:
            raise DataError(f"{self.title(name)}: cannot be read ({error}); {self.remedy}") from None


Shelf = Folder | Archive


def images_among(names: Sequence[str]) -> list[str]:
    """The names, in order, that end like an image file and are not hidden (`.x`, macOS's `._x`)."""
    paths = ((name, PurePosixPath(name)) for name in names)
    return [name for name, path in paths if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
