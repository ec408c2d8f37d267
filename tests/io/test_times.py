"""No time of a file is yet to come, and a folder has the time that Snakemake tells it by."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from vigan.io import times
from vigan.io.times import TIMED, bring_to_now, set_times, time_of

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


def give_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """All files but one's own copies are somebody else's, who lets others write them."""
    utime = os.utime

    def owned(path: Path, ns: tuple[int, int] | None = None) -> None:
        if ns is not None and not path.name.startswith("."):
            raise PermissionError(1, "Operation not permitted", str(path))
        utime(path, **({} if ns is None else {"ns": ns}))

    monkeypatch.setattr(times.os, "utime", owned)


def test_a_small_file_of_others_becomes_one_s_own_with_its_content_and_the_time_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague's stale results ended every plan in "Operation not permitted"."""
    small = written(tmp_path / "small", time.time_ns())
    give_away(monkeypatch)
    content, moment = small.read_bytes(), time.time_ns() - HOUR
    assert set_times([small], moment) == []
    assert (small.read_bytes(), time_of(small)) == (content, moment)
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_a_large_one_gets_the_present_where_that_will_do_and_is_named_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "SMALL", -1)
    large, before = written(tmp_path / "large", time.time_ns() - HOUR), time.time_ns()
    give_away(monkeypatch)
    assert set_times([large], before - 2 * HOUR) == [large]
    assert set_times([large], before, or_now=True) == []
    assert (time_of(large) or 0) >= before - 10**8


def test_on_a_file_system_that_cannot_be_written_nothing_is_set_and_all_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, **_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    file = written(tmp_path / "file", time.time_ns() - HOUR)
    monkeypatch.setattr(times.os, "utime", refused)
    assert set_times([file], 0, or_now=True) == [file]
