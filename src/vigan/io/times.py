"""Times of files, by which Snakemake decides what is outdated."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

TIMED = ".snakemake_timestamp"
"""By the time of this file in it Snakemake decides when a folder was made."""


def time_of(path: Path) -> int | None:
    """When a file was written, or a folder as Snakemake reads its time, in nanoseconds; None if it is not there."""
    try:
        return (path / TIMED if (path / TIMED).exists() else path).stat().st_mtime_ns
    except OSError:
        return None


def set_times(paths: Iterable[Path], moment: int) -> None:
    """Set the times of files, and of folders as Snakemake reads them, to nanoseconds since 1970."""
    for path in paths:
        for each in filter(Path.exists, (path / TIMED, path)):
            os.utime(each, ns=(moment, moment))


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
        set_times([path], now)
    except PermissionError:
        return moment
    return now
