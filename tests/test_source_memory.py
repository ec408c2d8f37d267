"""Digests of code are remembered until a source file changes, and what is damaged is not believed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from waiting import wait_until

from vigan import source_memory
from vigan.source_memory import remembered


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of one file, whose digests are remembered in a file of its own."""
    source = tmp_path / "package" / "module.py"
    source.parent.mkdir()
    source.write_text("one = 1\n")
    monkeypatch.setattr(source_memory, "MEMORY", tmp_path / "memory" / "digests.json")
    monkeypatch.setattr(source_memory, "_places", lambda package: [str(source.parent)])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return source


def _asked() -> int:
    """How often the digest is computed when it is asked for in a process of its own."""
    calls: list[object] = []
    source_memory._glance.cache_clear()
    remembered.cache_clear()
    assert remembered(("vigan.module",), lambda modules: calls.append(modules) or "digest") == "digest"
    return len(calls)


def _edit_unseen(file: Path) -> None:
    """An edit of which only the change time tells, which some systems count by steps of milliseconds."""
    before = file.stat()

    def edited() -> bool:
        file.write_text("one = 2\n")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        return file.stat().st_ctime_ns != before.st_ctime_ns

    wait_until(edited, 10, "the change time stands still")


def test_a_digest_is_computed_once_and_again_when_a_source_file_changes(package: Path) -> None:
    assert [_asked(), _asked()] == [1, 0]
    _edit_unseen(package)
    assert [_asked(), _asked()] == [1, 0]
    (package.parent / "more.py").write_text("")
    assert [_asked(), _asked()] == [1, 0]


def test_a_damaged_memory_counts_for_nothing(package: Path) -> None:
    _asked()
    whole = source_memory.MEMORY.read_bytes()
    for place in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[place] ^= 4
        source_memory.MEMORY.write_bytes(flipped)
        assert _asked() == 1


def test_where_nothing_can_be_kept_the_digest_is_computed_each_time(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert [_asked(), _asked()] == [1, 1]
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    source_memory.MEMORY.parent.write_text("a file where the folder would be")
    assert [_asked(), _asked()] == [1, 1]


def test_a_process_has_one_answer_whatever_is_edited_and_forgotten_meanwhile(package: Path) -> None:
    """As when a training ends whose source was edited since it began, and another command has run since."""

    def digest(modules: tuple[str, ...]) -> str:
        return package.read_text()

    assert remembered(("vigan.module",), digest) == "one = 1\n"
    package.write_text("one = 2\n")
    source_memory.MEMORY.unlink()
    assert remembered(("vigan.module",), digest) == "one = 1\n"
