"""What `--help` says, and what a shell completes."""

from __future__ import annotations

import argparse
import shlex
import subprocess

import pytest

from vigan.cli.completion import script
from vigan.cli.examples import EXAMPLES
from vigan.cli.parser import main, parser

(COMMANDS,) = (action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction))


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 20


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
