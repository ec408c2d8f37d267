from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from studies import TINY

from vigan import provenance
from vigan.cli import inspect, parser
from vigan.errors import OTHERWISE, REMEDIES, UserError, describe_os_error, shown
from vigan.runtime import settings


def raising(error: BaseException) -> Callable[[object], None]:
    """The command `deviations`, except that it fails."""

    def deviations(options: object) -> None:
        raise error

    return deviations


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_what_the_machine_refuses_is_one_line_with_file_reason_and_remedy(number: int) -> None:
    told = describe_os_error(OSError(number, os.strerror(number), "results/run.json"))
    assert told == (
        f"results/run.json: {os.strerror(number)}; {REMEDIES.get(number, OTHERWISE)}, then run the same command again: "
        "what is finished stays"
    )


def test_an_error_that_is_not_the_system_s_is_not_hidden() -> None:
    assert describe_os_error(OSError("anything")) is None


@pytest.mark.parametrize(
    "name", ["\x1b[31mred", "two\nlines", "a\rb", "\u202eevil", "\ud800", "\x85", "\u2028", "\x00"]
)
def test_no_name_moves_or_colours_a_terminal(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for error in (UserError(f"{name}: not there"), OSError(errno.EIO, "Input/output error", name)):
        monkeypatch.setattr(inspect, "deviations", raising(error))
        assert parser.main(["deviations"]) == 1
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert told.removesuffix("\n").isprintable()


def test_what_can_be_seen_is_shown_as_it_is() -> None:
    assert shown("results/Ärger/日本/λ\N{NO-BREAK SPACE}½.json") == "results/Ärger/日本/λ\N{NO-BREAK SPACE}½.json"


def test_advice_follows_the_line_as_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(inspect, "deviations", raising(UserError("a\nb: not there", "  1. do this;\n  2. or that.")))
    assert parser.main(["deviations"]) == 1
    assert capsys.readouterr().err == "vigan: a\\nb: not there\n  1. do this;\n  2. or that.\n"


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
        (KeyboardInterrupt(), 130, "vigan: interrupted; run the same command to resume\n"),
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


def test_a_machine_without_memory_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = (
        MemoryError(),
        MemoryError("Unable to allocate\n9 EiB"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.\nGPU 0 has"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    )
    for error in errors:
        monkeypatch.setattr(inspect, "deviations", raising(error))
        assert parser.main(["deviations"]) == 1
        told = capsys.readouterr().err
        assert told.startswith("vigan: not enough memory (")
        assert told.count("\n") == 1


def test_code_that_is_not_the_plan_s_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A container image of older code made results that the next plan found stale, again and again."""
    monkeypatch.setenv("VIGAN_CODE", "0" * 64)
    assert parser.main(["deviations"]) == 1
    assert "other code than that of the plan: build the container image" in capsys.readouterr().err
    monkeypatch.setenv("VIGAN_CODE", provenance.whole_code())
    assert parser.main(["deviations"]) == 0


def test_an_error_of_our_own_is_not_called_the_machine_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "deviations", raising(LookupError("x")))
    with pytest.raises(LookupError):
        parser.main(["deviations"])


def test_output_that_cannot_be_encoded_is_written_as_escapes(tmp_path: Path) -> None:
    """`vigan deviations` tells of G_o and of primes."""
    ran = subprocess.run(
        [sys.executable, "-m", "vigan.cli", "deviations"], cwd=Path(__file__).parents[1], capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=True,
    )  # fmt: skip
    assert ran.stdout.isascii()
    assert ran.stderr == b""


WRONG = {
    "preflight": [("--cores", "0"), ("--cores", "two")],
    "train": [
        ("--threads", "0"), ("--threads", "9" * 30), ("--threads", "1000000"), ("--seed", "-1"), ("--seed", "1.5"),
        ("--seed", str(2**63)),
        ("--device", "mps"), ("--device", "meta"), ("--device", "cuda:x"), ("--save-every", "-1"),
        ("--save-every", "nan"), ("--save-every", "soon"), ("--state", ""),
    ],
    "evaluate": [
        ("--samples", "-5"), ("--samples", "0"), ("--device", "gpu"), ("--threads", "1e3"), ("--resize", str(2**31)),
    ],
    "metrics": [("--k", "0"), ("--k", "-3"), ("--seed", "x")],
    "figure": [("--kind", "nan"), ("--kind", "")],
    "doctor": [("--device", "mps")],
    "power": [
        ("--seeds", "0"), ("--seeds", "1000000000"), ("--alike", "2"), ("--simulations", "-1"),
        ("--simulations", str(2**63 - 1)),
    ],
    "movie": [("--out", "m.mp4"), ("--out", "notes.txt"), ("--out", "gif"), ("--out", ".")],
    "schema": [("-o", "study.yaml")],
    "index": [("--out", "README.md")],
    "new": [("-o", "runs.csv")],
    "findings": [("--templates", "docs/findings.md")],
}  # fmt: skip


@pytest.mark.parametrize(("stage", "option"), [(stage, option) for stage, all_ in WRONG.items() for option in all_])
def test_an_option_out_of_its_bounds_is_refused_in_one_line_that_names_it(
    stage: str,
    option: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # where nothing is lost if it is not
    with pytest.raises(SystemExit) as ended:
        parser.main([stage, *option])
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert f"argument {option[0]}" in told
    assert told.count("\n") == 1


def test_no_command_writes_its_format_under_the_ending_of_another() -> None:
    """`vigan movie --out notes.txt` put a GIF in the place of the notes."""
    (commands,) = (action.choices for action in parser.parser()._actions if action.dest == "==SUPPRESS==")
    assert isinstance(commands, dict)
    writing = {name for name, command in commands.items() for action in command._actions if action.dest == "out"}
    refusing_themselves = {"merge", "statistics", "tune"}
    assert writing == {"movie", "schema", "index", "new"} | refusing_themselves
    assert writing - refusing_themselves <= set(WRONG)


NAMED = {
    "arm": [
        ("train", "--seed", "0", "--arm={}"), ("evaluate", "--seed", "0", "--arm={}"), ("movie", "plain", "{}"),
        ("diff", "{}", "plain"), ("explain", "{}"),
    ],
    "experiment": [
        ("figure", "--kind", "curves", "--experiment={}"), ("frames", "--experiment={}"),
        ("contact", "--experiment={}"),
    ],
    "dataset": [("prepare", "--dataset={}"), ("reference", "--protocol", "x", "--dataset={}")],
    "protocol": [("reference", "--dataset", "ring", "--protocol={}")],
}  # fmt: skip


@pytest.mark.parametrize("name", ["x", "../ring", "nan", "0", "", "\x1b[31m", "plain\n"])
@pytest.mark.parametrize("command", [command for commands in NAMED.values() for command in commands], ids=" ".join)
def test_a_name_that_the_study_does_not_have_is_refused_in_one_line(
    command: tuple[str, ...], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(TINY)
    stage, *words = (word.format(name) for word in command)
    assert parser.main([stage, "--config", "study.yaml", *words]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.startswith("vigan: no ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VIGAN_CPU", "maybe"),
        ("VIGAN_DOWNLOAD", "2"),
        ("VIGAN_SAVE_EVERY", "nan"),
        ("VIGAN_SOURCES", "xyz"),
        ("VIGAN_SOURCES", "[1]"),
        ("VIGAN_SOURCES", '{"a": 1}'),
        ("VIGAN_SOURCES", '{"a": ["b", "c", "d", "e", "f"]}'),
    ],
)
def test_a_setting_of_the_machine_out_of_its_bounds_is_refused_in_one_line_that_names_it(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv(name, value)
    (tmp_path / "study.yaml").write_text(TINY)
    try:
        code = parser.main(["train", "--config", "study.yaml", "--arm", "plain", "--seed", "0"])
    except SystemExit as ended:
        code = int(str(ended.code))
    told = capsys.readouterr().err
    assert code in (1, 2)
    assert told.count("\n") == 1
    assert name in told or f"--{name.removeprefix('VIGAN_').lower().replace('_', '-')}" in told


@pytest.mark.parametrize("value", ["1", "true", "Yes", "ON", "0", "false", "No", "off", ""])
def test_a_yes_or_no_may_be_said_in_any_of_yaml_s_words(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGAN_CPU", value)
    assert settings.switched_on("cpu") == (value.lower() in {"1", "true", "yes", "on"})
    assert settings.switched_off("cpu") == (value.lower() in {"0", "false", "no", "off"})


def test_with_closed_streams_nothing_is_printed_into_files(tmp_path: Path) -> None:
    """A file that a command opens would have the number of standard output, and get what is printed."""
    command = f"exec '{sys.executable}' -m vigan.cli schema -o schema.json >&- 2>&- <&-"
    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False).returncode == 0
    opened = f"exec '{sys.executable}' -m vigan.cli schema -o again.json"
    assert subprocess.run(["sh", "-c", opened], cwd=tmp_path, check=False, capture_output=True).returncode == 0
    assert (tmp_path / "schema.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    explained = f"exec '{sys.executable}' -m vigan.cli deviations --file nowhere.yaml >&-"
    refused = subprocess.run(["sh", "-c", explained], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (refused.returncode, refused.stderr.count("\n"), "Traceback" in refused.stderr) == (1, 1, False)
