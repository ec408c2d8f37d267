"""Times of files, by which Snakemake decides what is outdated."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

TIMED = ".snakemake_timestamp"
"""By the time of this file in it Snakemake decides when a folder was made."""
THEIRS = (errno.EPERM, errno.EACCES, errno.EROFS)
"""Errors of who may not set a time."""
SMALL = 2**20
"""Bytes of the largest file of somebody else that becomes a copy of one's own."""


def time_of(path: Path) -> int | None:
    """When a file was written, or a folder as Snakemake reads its time, in nanoseconds; None if it is not there."""
    try:
        return (path / TIMED if (path / TIMED).exists() else path).stat().st_mtime_ns
    except OSError:
        return None


def set_times(paths: Iterable[Path], moment: int, *, or_now: bool = False) -> list[Path]:
    """Set the times of files, and of folders as Snakemake reads them, to nanoseconds since 1970.

    Nobody but its owner may do so: somebody else's small file becomes a copy of one's own. With `or_now` the present
    will do, which everybody may set who may write the file. Gives those whose times are still what they were.
    """
    return [each for path in paths for each in _each(path) if not _set(each, moment, or_now=or_now)]


def _each(path: Path) -> list[Path]:
    """A file; of a folder also the file by which Snakemake reads its time."""
    return [one for one in (path / TIMED, path) if one.exists()]


def _set(path: Path, moment: int, *, or_now: bool) -> bool:
    try:
        os.utime(path, ns=(moment, moment))
    except OSError as error:
        if error.errno not in THEIRS:
            raise
        return _replaced(path, moment) or (or_now and _touched(path))
    return True


def _replaced(path: Path, moment: int) -> bool:
    """Put a copy that has this time in the place of a small file, which is told apart by its owner alone."""
    if not path.is_file() or path.stat().st_size > SMALL:
        return False
    copy = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        shutil.copy(path, copy)
        os.utime(copy, ns=(moment, moment))
        copy.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            copy.unlink()
        return False
    return True


def _touched(path: Path) -> bool:
    try:
        os.utime(path)
    except OSError:
        return False
    return True


def bring_to_now(paths: Iterable[Path]) -> list[int | None]:
    """When some files were written; times that are yet to come are set to now: another clock was ahead of this one.

    Snakemake removes what a job made as "corrupted" if an input is newer, weeks of training too. What belongs to
    others keeps its time.
    """
    now = time.time_ns()
    return [_brought_to(path, now) for path in paths]


def _brought_to(path: Path, now: int) -> int | None:
    """The time of a path, after it was set to now if it was yet to come and the path is ours."""
    moment = time_of(path)
    if moment is None or moment <= now:
        return moment
    try:
        for each in _each(path):
            os.utime(each, ns=(now, now))
    except OSError as error:
        if error.errno not in THEIRS:
            raise
        return moment
    return now
