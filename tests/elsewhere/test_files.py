"""Files of strangers: bounded, within their folder, and told by content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vigan.config.elsewhere import ElsewhereArm
from vigan.elsewhere import files
from vigan.elsewhere.identity import SEEN, content_of
from vigan.io.files import RecordError


def arm(path: Path, kind: str = "studiogan") -> ElsewhereArm:
    return ElsewhereArm.model_validate({"from": {"format": kind, "path": str(path)}})


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.log").write_text(name)
    return folder


def test_only_what_a_format_reads_is_among_its_files(logs: Path) -> None:
    (logs / "notes.txt").write_text("mine")
    (logs / ".hidden.log").write_text("x")
    assert [file.name for file in files.files_of(arm(logs))] == ["a.log", "b.log"]
    with pytest.raises(RecordError, match="holds nothing that format 'stylegan' reads"):
        files.files_of(arm(logs, "stylegan"))


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_left_out(logs: Path, tmp_path: Path) -> None:
    (logs / "newest.log").symlink_to(logs / "b.log")
    assert len(files.files_of(arm(logs))) == 2
    (tmp_path / "secret.log").write_text("x")
    (logs / "c.log").symlink_to(tmp_path / "secret.log")
    with pytest.raises(RecordError, match=r"c\.log: a link that leads out of logs"):
        files.files_of(arm(logs))


def test_folders_linked_from_outside_and_links_in_a_circle_are_refused(logs: Path, tmp_path: Path) -> None:
    (logs / "round.log").symlink_to(logs / "round.log")
    with pytest.raises(RecordError, match="leads out of"):
        files.files_of(arm(logs))
    (logs / "round.log").unlink()
    (tmp_path / "other").mkdir()
    (logs / "sub").symlink_to(tmp_path / "other")
    with pytest.raises(RecordError, match="sub: a link that leads out of"):
        files.files_of(arm(logs))


def test_a_pipe_a_device_and_a_file_of_any_size_are_refused(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordError, match="/dev/zero: not a plain file"):
        files.files_of(arm(Path("/dev/zero"), "table"))
    monkeypatch.setattr(files, "MOST_BYTES", 0)
    monkeypatch.setattr(files.check_plain, "__defaults__", (0,))
    with pytest.raises(RecordError, match=r"a\.log: 1 bytes, at most 0 are read"):
        files.files_of(arm(logs))
    os.mkfifo(logs / "c.log")
    with pytest.raises(RecordError, match=r"c\.log: neither a file nor a folder"):
        files.files_of(arm(logs))


def test_what_is_not_there_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"x\.csv: not there"):
        files.files_of(arm(tmp_path / "x.csv", "table"))
    with pytest.raises(RecordError, match="x: no folder"):
        files.files_of(arm(tmp_path / "x", "samples"))


def test_content_is_the_same_wherever_it_lies_and_another_when_a_byte_or_a_name_changes(
    logs: Path, tmp_path: Path
) -> None:
    before = content_of(arm(logs), tmp_path / "kept")
    logs.rename(tmp_path / "moved")
    moved = tmp_path / "moved"
    assert content_of(arm(moved), tmp_path / "kept") == before
    (moved / "a.log").write_text("A")
    edited = content_of(arm(moved), tmp_path / "kept")
    (moved / "b.log").rename(moved / "c.log")
    assert len({before, edited, content_of(arm(moved), tmp_path / "kept")}) == 3


def test_files_are_read_once_while_they_do_not_change(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content_of(arm(logs), tmp_path / "kept")
    monkeypatch.setattr(files, "content", lambda *_: pytest.fail("read again"))
    assert content_of(arm(logs), tmp_path / "kept") == before
    monkeypatch.undo()
    (tmp_path / "kept" / SEEN).write_text("{}")
    assert content_of(arm(logs), tmp_path / "kept") == before


def test_files_that_are_not_at_hand_have_no_content(tmp_path: Path) -> None:
    assert content_of(arm(tmp_path / "gone"), tmp_path / "kept") is None
