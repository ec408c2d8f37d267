"""One process at a time, whatever file system and whatever end of the one before."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from vigan.io.locks import InUseError, held, owned

HOLD = "import sys, time; from pathlib import Path; from vigan.io.locks import owned; path = Path(sys.argv[1])\n"
HOLD += "with owned(path, path, 'works here', 'beware'): print('held', flush=True); time.sleep(60)"


def owns(path: Path, subject: str = "the study") -> None:
    with owned(path, Path(subject), "works here", "begin no second one"):
        pass


def test_a_process_that_has_a_lock_is_named_with_its_work_until_it_ends_however_it_does(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(InUseError) as caught:
            owns(path)
        assert str(caught.value) == f"the study: process {first.pid} works here; wait for it or stop it"
        first.kill()
    owns(path)


def test_a_lock_that_is_refused_still_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with owned(path, path, "works here", ""):
        for _ in range(2):
            with pytest.raises(InUseError, match=f"process {os.getpid()} works here"):
                owns(path)


def test_a_holder_on_another_machine_is_named_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"
    with monkeypatch.context() as there:
        there.setattr(platform, "node", lambda: "node-7")
        holder = owned(path, path, "works here", "")
        holder.__enter__()
    with pytest.raises(InUseError, match=f"process {os.getpid()} on node-7 works here"):
        owns(path)
    holder.__exit__(None, None, None)


@pytest.mark.parametrize("left", [b"", b"12345", b"\x1b[2Jno number\n\xff" * 99])
def test_what_an_earlier_holder_left_in_the_file_stops_nobody_and_reaches_no_terminal(
    left: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "lock"
    path.write_bytes(left)
    with held(path), pytest.raises(InUseError) as caught:
        owns(path)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
    owns(path)
    assert path.read_text().startswith(f"{os.getpid()} on ")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_without_locks_work_goes_on_and_one_line_says_so(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_locks(handle: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    owns(tmp_path / "lock")
    assert capsys.readouterr().out == "warning: the study: no locks on this file system; begin no second one\n"


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EBADF])
def test_a_lock_that_fails_for_another_reason_is_no_lock(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(handle: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fails)
    with pytest.raises(OSError, match=os.strerror(number)):
        owns(tmp_path / "lock")
