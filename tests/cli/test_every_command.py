"""What `--help` says, and what a shell completes."""

from __future__ import annotations

import argparse
import shlex
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from vigan.cli.completion import script
from vigan.cli.examples import EXAMPLES
from vigan.cli.parser import main, parser

(COMMANDS,) = (action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction))


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 20


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"vigan {version('vigan')}\n"


@pytest.mark.parametrize("command", [("explain", "bn"), ("audit", "ring"), ("preflight",), ("power", "ring")])
def test_where_no_study_lies_what_to_type_is_told(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(list(command)) == 1
    told = capsys.readouterr().err
    assert "no such file; `--config` names a study file, and `vigan init FOLDER` makes a folder with some" in told
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "rings.yaml").write_text("study: rings")
    assert main(list(command)) == 1
    assert "rings.yaml" in capsys.readouterr().err


def test_lists_that_come_with_the_package_are_read_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["deviations"]) == 0
    assert capsys.readouterr().out.startswith("# Deviations")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_of_a_command_is_explained(name: str) -> None:
    assert COMMANDS[name].description
    assert [action.dest for action in COMMANDS[name]._actions if not action.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_s_help_ends_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert EXAMPLES[name]
    assert told.endswith("".join(f"  {example}\n" for example in EXAMPLES[name]))


@pytest.mark.parametrize("example", [line for name in COMMANDS for line in EXAMPLES[name] if line.startswith("vigan ")])
def test_every_example_is_one_that_is_taken(example: str) -> None:
    words = shlex.split(example)
    assert callable(parser().parse_args(words[1:]).command)


def test_examples_are_of_commands_that_there_are() -> None:
    assert set(EXAMPLES) == set(COMMANDS)
    for name, examples in EXAMPLES.items():
        assert all(f"vigan {name}" in example for example in examples)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (["vigan", "expl"], ["explain"]),
        (["vigan", "train", "--s"], ["--seed", "--save-every", "--state"]),
        (["vigan", "bench", "en"], ["engine"]),
        (["vigan", "nonsense", "--"], []),
    ],
)
def test_a_shell_completes_commands_options_and_choices(typed: list[str], completed: list[str]) -> None:
    ask = f'COMP_WORDS=({shlex.join(typed)}) COMP_CWORD={len(typed) - 1}; _vigan; printf "%s\\n" "${{COMPREPLY[@]}}"'
    told = subprocess.run(["bash", "-c", f"{script(parser())}{ask}"], capture_output=True, text=True, check=True)
    assert told.stdout.split() == completed
