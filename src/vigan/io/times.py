"""Times of files, by which Snakemake tells what is outdated."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

TIMED = ".snakemake_timestamp"
"""By the time of this file in it Snakemake tells when a folder was made."""


def time_of(path: Path) -> int | None:
    """When a file, or a folder as Snakemake tells it, was written, in nanoseconds; None if it is not there."""
    try:
        return (path / TIMED if (path / TIMED).exists() else path).stat().st_mtime_ns
    except OSError:
        return None


def set_times(paths: Iterable[Path], moment: int) -> None:
    """Set the times of files, and of folders as Snakemake tells them, to nanoseconds since 1970."""
    for path in paths:
        for each in filter(Path.exists, (path / TIMED, path)):
            os.utime(each, ns=(moment, moment))


def bring_to_now(paths: Iterable[Path]) -> list[int | None]:
    """When some files were written; times that are yet to come are set to now: another clock was ahead of this one.

    Snakemake removes what a job made as "corrupted" if an input is newer, weeks of training too. What belongs to
    others keeps its time.
    """
    found, now = [(path, time_of(path)) for path in paths], time.time_ns()
    late = [path for path, moment in found if moment is not None and moment > now]
    with contextlib.suppress(PermissionError):
        set_times(late, now)
    return [now if path in late else moment for path, moment in found]
