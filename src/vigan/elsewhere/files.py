"""The files of an arm from elsewhere: bounded in number and size, within their folder, told by content."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vigan.config.elsewhere import ElsewhereArm, Samples, StudioGan, StyleGan, Table
from vigan.io.files import RecordError, sha256_file
from vigan.runtime.settings import expanded

MOST_BYTES = 256 * 2**20
"""Of a file of numbers."""
MOST_NUMBERS = 2_000_000
"""Of an arm."""
MOST_FILES = 20_000_000
DEEPEST = 8
"""Folders below the one that an arm names."""
LOG, METRIC_LINES, OPTIONS = re.compile(r".*\.log"), re.compile(r"metric-[\w.-]+\.jsonl"), "training_options.json"

Wanted = Callable[[str], bool]


def place_of(arm: ElsewhereArm) -> Path:
    """The file or folder that an arm names."""
    return expanded(arm.origin.path)


def is_at_hand(arm: ElsewhereArm) -> bool:
    """Whether there is anything where the arm's files should be."""
    return os.path.lexists(place_of(arm))


def files_of(arm: ElsewhereArm) -> list[Path]:
    """Every file that decides an arm's numbers, in order. Raises RecordError where there is none, or a refused one.

    Of a folder all that lies below it, but for what this format does not read.
    """
    path = place_of(arm)
    match arm.origin:
        case Table():
            found = [path]
        case StyleGan():
            found = list(below(path, lambda name: bool(METRIC_LINES.fullmatch(name)) or name == OPTIONS))
        case StudioGan():
            found = list(below(path, lambda name: bool(LOG.fullmatch(name)))) if path.is_dir() else [path]
        case Samples():
            found = list(below(path, bool))
    if not found:
        raise RecordError(f"{path}: holds nothing that format '{arm.origin.format}' reads")
    if not isinstance(arm.origin, Samples):
        for file in found:
            check_plain(file)
    return found


def check_plain(path: Path, most: int = MOST_BYTES) -> None:
    """Raise RecordError unless `path` is a plain file of at most `most` bytes."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise RecordError(f"{path}: not there; mend the arm's path, which counts from the project's folder") from None
    except ValueError as error:  # a path with a NUL
        raise RecordError(f"{path!r}: no path ({error})") from None
    if not stat.S_ISREG(status.st_mode):
        raise RecordError(f"{path}: not a plain file; name a file of numbers")
    if status.st_size > most:
        raise RecordError(f"{path}: {status.st_size:,} bytes, at most {most:,} are read; split it, or leave rows out")


def below(folder: Path, wanted: Wanted) -> Iterator[Path]:
    """Files of these names at most `DEEPEST` folders below one, in order, hidden ones left out.

    A link within the folder is left out, for what it leads to is found in its own place. Raises RecordError for one
    that leads out of the folder, for a pipe or a device, and for more files than anybody has.
    """
    if not folder.is_dir():
        raise RecordError(f"{folder}: no folder; mend the arm's path, which counts from the project's folder")
    root, count = folder.resolve(), 0
    for base, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if name[0] != "." and not _is_link(Path(base) / name, root))
        if len(Path(base).relative_to(folder).parts) >= DEEPEST:
            folders.clear()
        for name in sorted(names):
            path = Path(base) / name
            if name[0] == "." or not wanted(name) or _is_link(path, root):
                continue
            if not stat.S_ISREG(path.lstat().st_mode):
                raise RecordError(f"{path}: neither a file nor a folder but a pipe or device; remove it")
            count += 1
            if count > MOST_FILES:
                raise RecordError(f"{folder}: more than {MOST_FILES:,} files; name a smaller folder")
            yield path


def _raise(error: OSError) -> None:
    raise error


def _is_link(path: Path, root: Path) -> bool:
    """Whether it is a link. Raises RecordError if it leads out of `root`."""
    if not path.is_symlink():
        return False
    try:
        inside = path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        inside = False
    if not inside:
        raise RecordError(f"{path}: a link that leads out of {root.name}; put a copy in its place, or remove it")
    return True


def glance(files: Sequence[Path]) -> str:
    """Digest of names, sizes and times: what tells a change without reading."""
    seen = ((str(file.absolute()), *_times(file)) for file in files)
    return hashlib.sha256("\n".join(map(repr, seen)).encode()).hexdigest()


def _times(file: Path) -> tuple[int, int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def content(root: Path, files: Sequence[Path]) -> str:
    """Digest of the files' content and, in a folder, of their names in it; wherever it lies."""
    total = hashlib.sha256()
    for file in files:
        name = "" if file == root else str(file.relative_to(root))
        total.update(f"{name!r} {sha256_file(file)}\n".encode())
    return total.hexdigest()
