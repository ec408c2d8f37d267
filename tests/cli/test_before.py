"""A command that lacks what another makes says which, as one would type it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from studies import TINY

from vigan.cli import before
from vigan.cli.parser import main, parser
from vigan.config.load import load_study
from vigan.layout import Layout

RUN = ("--arm", "plain", "--seed", "0")
EXPERIMENT = ("--experiment", "circle")
REFERENCE = ("--dataset", "ring", "--protocol", "toy-modes/n=500/ref=train")
LACKING = {
    ("reference", *REFERENCE): ["prepare", "--dataset", "ring"],
    ("train", *RUN): ["prepare", "--dataset", "ring"],
    ("evaluate", *RUN): ["train", *RUN],
    ("analyse",): ["prepare", "--dataset", "ring"],
    ("figure", "--kind", "curves", *EXPERIMENT): ["train", *RUN],
    ("frames", *EXPERIMENT): ["train", *RUN],
    ("movie", "plain", "regularised"): ["train", *RUN],
    ("contact", *EXPERIMENT): ["train", *RUN],
    ("report",): ["train", *RUN],
}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The one line with which a command on the tiny study, of which nothing is there, ends."""
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(TINY)

    def ended(command: str, *words: str) -> str:
        assert main([command, "--config", "study.yaml", *words]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return ended


@pytest.mark.parametrize("words", LACKING, ids=lambda words: words[0])
def test_what_is_missing_is_answered_with_the_commands_that_make_it(words: tuple[str, ...], told) -> None:
    line = told(*words)
    (one, everything) = re.findall(r"not there yet; type: (.*) \(or for all that is missing: (.*)\)$", line)[0]
    command, *rest = shlex.split(one)[1:]
    assert [command, *rest[2:]] == LACKING[words]
    assert rest[:2] == ["--config", "study.yaml"]
    assert callable(parser().parse_args([command, *rest]).command)
    assert everything == "snakemake all --cores 2 --configfile study.yaml"
    assert "stage" not in line


def test_each_command_that_is_told_leads_on_to_the_next(told) -> None:
    assert main(["prepare", "--config", "study.yaml", "--dataset", "ring"]) == 0
    assert "vigan reference" in told("analyse")
    assert main(["reference", "--config", "study.yaml", *REFERENCE, "--device", "cpu"]) == 0
    assert "vigan train" in told("analyse")
    Path("results/tiny/runs/plain/released/seed-0").mkdir(parents=True)
    Path("results/tiny/runs/plain/released/seed-0/run.json").touch()
    assert "vigan evaluate" in told("movie", "plain", "regularised")


def test_an_arm_needs_the_references_of_its_own_protocols_alone(tmp_path: Path) -> None:
    other = TINY[TINY.index("  circle:") :].replace("  circle:", "  other:").replace("samples: 500", "samples: 400")
    other = other.replace("plain: ", "plain-too: ").replace("regularised:", "regularised-too:")
    (tmp_path / "study.yaml").write_text(TINY + other)
    layout = Layout(load_study(tmp_path / "study.yaml"))
    of_one = [need.command for need in before.references(layout, "plain") if need.command[0] == "reference"]
    assert of_one == [("reference", *REFERENCE)]
    assert len([need for need in before.references(layout) if need.command[0] == "reference"]) == 2


def test_words_that_fit_no_study_are_refused_as_such_and_not_sent_elsewhere(told) -> None:
    assert "seed 7 of arm 'plain' is not in this study" in told("movie", "plain", "regularised", "--seed", "7")
    assert "no arm 'plane' in this study" in told("movie", "plane", "regularised")
    assert "no experiment 'circus' in this study" in told("contact", "--experiment", "circus")


def test_advice_on_what_is_damaged_names_the_study_as_well(told) -> None:
    assert main(["prepare", "--config", "study.yaml", "--dataset", "ring"]) == 0
    for array in Path("data").rglob("array.npy"):
        array.unlink()
    assert "run `vigan prepare --config study.yaml` again" in told("reference", *REFERENCE)


def test_a_study_is_named_once_and_only_by_commands_that_take_one() -> None:
    line = "run `vigan analyse --config a.yaml`, `vigan claims STUDY`, or train again (`vigan train --arm a --seed 1`)"
    told = before.of_study(line, Path("my study.yaml"))
    assert told == line.replace("vigan train", "vigan train --config 'my study.yaml'")


@pytest.mark.parametrize("command", before.COMMANDS)
def test_each_command_that_advice_completes_takes_a_study(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "--config" in capsys.readouterr().out
