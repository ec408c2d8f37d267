from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import socket
import stat
from pathlib import Path

import pytest

from vigan.io.files import RecordError, atomic_write, read_json, sha256_file, write_json, write_text


class Interrupted(BaseException):
    """Stands for a signal that ends a process in the middle of a write."""


def interrupt(path: Path, error: type[BaseException]) -> None:
    """Write half a file, see that what was there is untouched, and fail."""
    before = path.read_text() if path.exists() else None
    with atomic_write(path) as stream:
        stream.write(b"half of the new")
        stream.flush()
        assert (path.read_text() if path.exists() else None) == before
        raise error


@pytest.mark.parametrize("error", [OSError, Interrupted])
def test_an_interrupted_write_leaves_what_was_there_and_nothing_else(
    error: type[BaseException], tmp_path: Path
) -> None:
    path = tmp_path / "record.json"
    path.write_text("old")
    with pytest.raises(error):
        interrupt(path, error)
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]
    assert path.read_text() == "old"


def test_a_first_write_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        interrupt(tmp_path / "new" / "record", Interrupted)
    assert list((tmp_path / "new").iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next_write(tmp_path: Path) -> None:
    left = [tmp_path / f".{name}.abcdefgh.part" for name in ("record", "record.json", "other")]
    for path in left:
        path.write_text("half")
    write_text(tmp_path / "record", "x")
    assert [path.exists() for path in left] == [False, True, True]


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    path = tmp_path / "record"
    with atomic_write(path) as slow:
        slow.write(b"slow")
        write_text(path, "fast")
        assert path.read_text() == "fast"
    assert path.read_text() == "slow"
    assert [file.name for file in tmp_path.iterdir()] == ["record"]


def test_an_error_of_writing_names_the_file_that_was_to_be(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught, atomic_write(tmp_path / "record"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(tmp_path / "record")
    with pytest.raises(OSError, match="other") as caught, atomic_write(tmp_path / "record"):
        raise OSError(errno.EACCES, "Permission denied", "other")
    assert caught.value.filename == "other"


def test_a_written_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    before = os.umask(0)
    os.umask(before)
    write_text(tmp_path / "record", "x")
    assert (tmp_path / "record").stat().st_mode == (tmp_path / "plain").stat().st_mode
    after = os.umask(before)
    assert after == before


def test_json_comes_back_with_every_bit_of_its_numbers(tmp_path: Path) -> None:
    value = {"b": [0.1, 1e-300, 2**70, -0.0], "a": {"é": None, "t": True}}
    write_json(tmp_path / "x.json", value)
    assert read_json(tmp_path / "x.json") == value
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert list(json.loads(text)) == ["a", "b"]
    assert text.endswith("}\n")


def test_equal_values_are_equal_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "first", {"a": 1, "b": 2})
    write_json(tmp_path / "second", {"b": 2, "a": 1})
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_lacks_is_never_written(value: float, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, 1)
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"loss": value})
    assert path.read_text() == "1\n"


def test_a_missing_record_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with pytest.raises(RecordError, match=f"{re.escape(str(path))}: not there yet; run the stage that writes it"):
        read_json(path)


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"\xff\xfe", b"not json"])
def test_a_damaged_record_is_named_with_the_remedy(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=f"{re.escape(str(path))}: cannot be read as JSON .* run the same command"):
        read_json(path)


@pytest.mark.parametrize("size", [0, 3, 2**20, 2**20 + 1])
def test_a_file_s_digest_is_that_of_its_bytes(size: int, tmp_path: Path) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    (tmp_path / "file").write_bytes(content)
    assert sha256_file(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("kind", ["pipe", "socket", "link to a device"])
def test_a_file_never_replaces_a_device_or_pipe(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`vigan schema -o /dev/null`, where the user may do so."""
    monkeypatch.chdir(tmp_path)  # an address of a socket has some hundred characters at most
    path = tmp_path / "special"
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            listening.bind(path.name)
        else:
            path.symlink_to("/dev/null")
        with pytest.raises(RecordError, match="special: a device, pipe or socket, which a file would replace"):
            write_text(path, "text")
        assert not stat.S_ISREG(path.stat().st_mode)
        assert [file.name for file in tmp_path.iterdir()] == ["special"]
