from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vigan.cli import inspect, parser
from vigan.errors import REMEDIES, describe_os_error


def raising(error: BaseException) -> Callable[[object], None]:
    """The command `deviations`, except that it fails."""

    def deviations(options: object) -> None:
        raise error

    return deviations


@pytest.mark.parametrize("number", REMEDIES)
def test_what_the_machine_refuses_is_one_line_with_file_reason_and_remedy(number: int) -> None:
    told = describe_os_error(OSError(number, os.strerror(number), "results/run.json"))
    assert told == (
        f"results/run.json: {os.strerror(number)}; {REMEDIES[number]}, then run the same command again: "
        "what is finished stays"
    )


def test_an_error_that_is_nobody_s_but_ours_is_not_hidden() -> None:
    assert describe_os_error(FileNotFoundError(errno.ENOENT, "No such file or directory", "x")) is None
    assert describe_os_error(OSError("anything")) is None


def test_a_folder_that_could_not_be_copied_is_told_by_its_first_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").symlink_to("nowhere")
    with pytest.raises(shutil.Error) as caught:
        shutil.copytree(source, tmp_path / "target")
    told = describe_os_error(caught.value)
    assert told is not None
    assert told.startswith(f"{tmp_path / 'target' / 'a'}: cannot be copied (")
    assert "\n" not in told


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "vigan: interrupted; the same command goes on\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "x"), 1,
            "vigan: x: No space left on device; make room, then run the same command again: what is finished stays\n",
        ),
    ],
)  # fmt: skip
def test_a_command_that_is_stopped_says_so_in_one_line(
    error: BaseException, code: int, line: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(inspect, "deviations", raising(error))
    assert parser.main(["deviations"]) == code
    assert capsys.readouterr().err == line


def test_an_error_of_our_own_is_not_called_the_machine_s(monkeypatch: pytest.MonkeyPatch) -> None:
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", "x")
    monkeypatch.setattr(inspect, "deviations", raising(error))
    with pytest.raises(FileNotFoundError):
        parser.main(["deviations"])
