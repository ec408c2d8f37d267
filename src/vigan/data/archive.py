"""Sources of image files: a folder, or a zip that is read without unpacking."""

from __future__ import annotations

import itertools
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vigan.data.decode import HEAD, SUFFIXES, looks_like_image
from vigan.data.source import DataError

LARGEST = 64 * 2**20
"""Size limit of a file in bytes: no image that `vigan.data.decode` accepts needs more."""
SHOWN = 4
"""How many links to folders a message names."""
FOLLOW = "put the folders themselves in their place if images lie there"
ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError)


@dataclass(frozen=True)
class Folder:
    """Files below `path`; names are relative, with forward slashes."""

    path: Path

    def names(self) -> list[str]:
        """Sorted names of all files below the folder, and of links to folders, which are not followed.

        Raises DataError if there is no such folder, or one in it cannot be read.
        """
        if not self.path.is_dir():
            raise DataError(f"{self.path}: no such folder; check the path")
        found: list[Path] = []
        for base, folders, names in os.walk(self.path, onerror=_unreadable):
            found += [Path(base) / name for name in names]
            found += [Path(base) / name for name in folders if (Path(base) / name).is_symlink()]
        return sorted(file.relative_to(self.path).as_posix() for file in found)

    def title(self, name: str) -> str:
        """How messages refer to the file `name`."""
        return str(self.path / name)

    def head(self, name: str) -> bytes:
        """The first `HEAD` bytes of the file `name`; none of what is no file or cannot be read."""
        try:
            if stat.S_ISREG((self.path / name).stat().st_mode):
                with (self.path / name).open("rb") as stream:
                    return stream.read(HEAD)
        except OSError:
            pass
        return b""

    def read(self, name: str) -> bytes:
        """Content of the file `name`. Raises DataError naming it if it is no file, too large or cannot be read."""
        path = self.path / name
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{path}: not a file (a folder, pipe or device); remove it")
            _check_size(self.title(name), status.st_size)
            return path.read_bytes()
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror}); check link and permissions") from None


@dataclass(frozen=True)
class Archive:
    """Members of the zip at `path`; opened on first use and kept open."""

    path: Path
    remedy: str = "replace it by a fresh copy"

    def __reduce__(self) -> tuple[type[Archive], tuple[Path, str]]:
        """Pickle without the open zip."""
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
        if not head:
            return "not a zip but an empty file"
        if head.startswith(b"pk"):
            return f"a truncated or damaged zip ({error})"
        return f"not a zip ({error})"

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        """Members that are files, by their names in `names`."""
        return {_plain(member.filename): member for member in self._files}

    @property
    def _files(self) -> list[zipfile.ZipInfo]:
        return [member for member in self._zip.infolist() if not member.filename.endswith("/")]

    def names(self) -> list[str]:
        """Names of all members that are files, sorted: what a folder's would be, "a/1.png" also where "./a/1.png" is.

        Raises DataError if there is no such file, it is not a zip, or a name leads out of it, has backslashes or occurs
        twice.
        """
        members = sorted(member.filename for member in self._files)
        for name in members:
            parts = _plain(name.replace("\\", "/")).split("/")
            if not parts[0] or ".." in parts:
                raise DataError(f"{self.title(name)}: a name that leads out of the zip; {self.remedy}")
            if "\\" in name:
                raise DataError(f"{self.title(name)}: backslashes in its name; pack it again with forward slashes")
        names = sorted(map(_plain, members))
        for name, following in itertools.pairwise(names):
            if name == following:
                raise DataError(f"{self.title(name)}: there are two members of this name; {self.remedy}")
        return names

    def told(self, name: str) -> tuple[int, int]:
        """Size and CRC-32 of the member `name`, as the zip's directory says; reading it verifies them."""
        member = self._members[name]
        return member.file_size, member.CRC

    def title(self, name: str) -> str:
        """How messages refer to the member `name`."""
        return f"{self.path}: {name}"

    def head(self, name: str) -> bytes:
        """The first `HEAD` bytes of the member `name`, none of a locked one. Raises DataError if it is damaged."""
        try:
            with self._zip.open(self._members[name]) as stream:
                return stream.read(HEAD)
        except (RuntimeError, NotImplementedError):
            return b""
        except ZIP_DAMAGE as error:
            raise DataError(f"{self.title(name)}: cannot be read ({error}); {self.remedy}") from None

    def read(self, name: str) -> bytes:
        """Content of the member `name`, its checksum verified. Raises DataError naming it.

        At most the stated size, and at most `LARGEST` bytes, are unpacked.
        """
        try:
            member = self._members[name]
            _check_size(self.title(name), member.file_size)
            with self._zip.open(member) as stream:
                return stream.read(member.file_size + 1)
        except ZIP_DAMAGE as error:
            raise DataError(f"{self.title(name)}: cannot be read ({error}); {self.remedy}") from None


FileSource = Folder | Archive


def _unreadable(error: OSError) -> None:
    raise DataError(f"{error.filename}: cannot be read ({error.strerror}); change its permissions (chmod) or remove it")


def _plain(name: str) -> str:
    """A member's name without parts that lead nowhere: "a/1.png" of "./a/1.png"."""
    return "/".join(part for part in name.split("/") if part != ".") or name


def _check_size(title: str, size: int) -> None:
    if size > LARGEST:
        raise DataError(f"{title}: {size} bytes, more than an image needs ({LARGEST}; a zip bomb?); remove it")


def images_among(names: Sequence[str]) -> list[str]:
    """The names, in order, that have an image suffix and are not hidden."""
    return [name for name in names if name.lower().endswith(SUFFIXES) and not _is_hidden(name)]


def images_in(files: FileSource, names: Sequence[str]) -> list[str]:
    """The names, in order, of images: by the end of the name, or else by what the file begins with; hidden ones not.

    Raises DataError if a member of a zip that is left out is damaged: its name may be what is.
    """
    found = set(images_among(names))
    heads = ((name, files.head(name)) for name in names if name not in found)
    found |= {name for name, head in heads if looks_like_image(head) and not _is_hidden(name)}
    return [name for name in names if name in found]


def linked_folders(files: FileSource, names: Iterable[str]) -> list[str]:
    """Those of the names, in order, that are links to folders, which are not followed; hidden ones not."""
    if not isinstance(files, Folder):
        return []
    return [name for name in names if not _is_hidden(name) and os.path.isdir(files.path / name)]


def no_image_in(files: FileSource, names: Sequence[str], what: str = "image") -> str:
    """What a message on a source without an image begins with: where, and what else is there.

    Links to folders are named with what to do, for the images may lie behind them.
    """
    links = linked_folders(files, names)
    others = len(names) - len(links)
    told = [f"{others} other file{'s' * (others != 1)}"] if others else []
    if links:
        listed = ", ".join(links[:SHOWN]) + (f" and {len(links) - SHOWN} more" if len(links) > SHOWN else "")
        told.append(f"{links_in_words(len(links))} ({listed}): {FOLLOW}")
    return f"{files.path}: no {what} in it" + (f", but {' and '.join(told)}" if told else "")


def left_out(others: int, links: int) -> str:
    """How many files beside images are left out, `links` of them links to folders; nothing if there are none."""
    files = others - links
    told = {
        f"{files} file{'s' * (files != 1)} left out, which {'is no image' if files == 1 else 'are no images'}": files,
        f"{links_in_words(links)}: {FOLLOW}": links,
    }
    return "; ".join(words for words, count in told.items() if count)


def links_in_words(count: int) -> str:
    """Links to folders, in words."""
    one, several = "1 link to a folder, which is not followed", f"{count} links to folders, which are not followed"
    return one if count == 1 else several


def _is_hidden(name: str) -> bool:
    """Whether the file or a folder on the way to it is hidden: `.x`, macOS's `._x`, `.git/x`, `.Trash-1000/x`."""
    return any(part.startswith(".") for part in name.split("/"))
