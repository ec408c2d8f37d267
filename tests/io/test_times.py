"""No time of a file is yet to come, and a folder has the time that Snakemake tells it by."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from vigan.io import times
from vigan.io.times import TIMED, bring_to_now, time_of

HOUR = 3600 * 10**9


def written(path: Path, moment: int) -> Path:
    path.touch()
    os.utime(path, ns=(moment, moment))
    return path


def test_times_that_are_yet_to_come_are_now_and_all_others_stay(tmp_path: Path) -> None:
    now = time.time_ns()
    late, early, first = (written(tmp_path / str(ago), now - ago) for ago in (-HOUR, HOUR, now))
    found = bring_to_now([late, early, first, tmp_path / "none"])
    assert found == [time_of(late), now - HOUR, 0, None]
    assert now <= late.stat().st_mtime_ns <= time.time_ns()


def test_a_folder_has_the_time_of_the_file_that_snakemake_put_into_it(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    written(folder / TIMED, time.time_ns() + HOUR)
    bring_to_now([folder])
    assert time_of(folder) == (folder / TIMED).stat().st_mtime_ns <= time.time_ns()


def test_what_belongs_to_others_keeps_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, **_: object) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    late = written(tmp_path / "shared", time.time_ns() + HOUR)
    monkeypatch.setattr(times.os, "utime", refused)
    bring_to_now([late])
    assert late.stat().st_mtime_ns > time.time_ns()


def test_one_file_of_others_keeps_its_time_and_all_of_ours_are_brought_to_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = time.time_ns() + HOUR
    theirs, ours = (written(tmp_path / name, moment) for name in ("theirs", "ours"))
    utime = os.utime

    def of_ours(path: Path, **ns: tuple[int, int]) -> None:
        if path == theirs:
            raise PermissionError(1, "Operation not permitted", str(path))
        utime(path, **ns)

    monkeypatch.setattr(times.os, "utime", of_ours)
    assert bring_to_now([theirs, ours]) == [time_of(theirs), time_of(ours)]
    assert time_of(theirs) == moment
    assert (time_of(ours) or moment) <= time.time_ns()
