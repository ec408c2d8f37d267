"""What `vigan power` prints and refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from studies import TINY

from vigan.analysis.exact import share_interval
from vigan.cli.parser import main
from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.tools.truths import read_truths

CONFIG = Path(__file__).parents[2] / "config"
PAPER = load_study(CONFIG / "paper.yaml")


def test_the_same_question_gets_the_same_answer_whatever_else_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["power", str(CONFIG / "paper.yaml"), "--simulations", "50", "--truth", "bn-plain:collapse=0.6", "--json"]
    assert main([*asked, "--seeds", "9"]) == 0
    once = json.loads(capsys.readouterr().out)["chances"]
    assert main([*asked, "--seeds", "5", "9"]) == 0
    again = json.loads(capsys.readouterr().out)["chances"]
    assert again[1:] == once
    assert again[0] != once[0]


def test_the_command_says_what_it_took_to_be_true(capsys: pytest.CaptureFixture[str]) -> None:
    truths = ["bn-plain:reach=0.9", "bn-plain:collapse=0.8", "bn-plain:diverge=0.1", "C4=0.85"]
    asked = ["power", str(CONFIG / "paper.yaml"), "--truth", *truths, "--alike", "0.3", "--seeds", "4"]
    assert main([*asked, "--simulations", "100"]) == 0
    told = capsys.readouterr().out
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in told.splitlines() if line.strip()}
    assert "100 simulated studies, Holm's correction over 5 claims" in told
    assert lines["bn-plain"] == "90% of the runs get on track, 80% collapse and 10% diverge later"
    assert lines["bn-regularised"] == "all runs get on track and stay there (not stated)"
    assert "\n  C4                sooner by 2% of training or more in 85% of the seeds\n" in told
    assert "in 50% of the runs (not stated: the edge of its rule)" in told
    assert "In 30% of the seeds all arms of an experiment have the same luck." in told
    assert "4 seeds: 16 runs" in told
    assert told.endswith("Monte-Carlo error of a share: 0.098 at most (95%).\n")


@pytest.mark.parametrize(
    ("truths", "complaint"),
    [
        (["bn-plane:collapse=0.5"], "no arm 'bn-plane' in this study; did you mean 'bn-plain'?"),
        (["bn-plain:colapse=0.5"], "truth 'bn-plain:colapse': no fate 'colapse'; did you mean 'collapse'?"),
        (["bn-plain:collapse=1.5"], "truth 'bn-plain:collapse': 1.5 is no share between 0 and 1"),
        (["bn-plain:collapse=nan"], "truth 'bn-plain:collapse': 'nan' is no number"),
        (["bn-plain:collapse=0.6", "bn-plain:diverge=0.5"], "truth 'bn-plain': 1.1 of the runs collapse or diverge"),
        (["bn-plain:collapse=0.6", "bn-plain:collapse=0.5"], "one truth is stated twice"),
        (["C7=0.5"], "truth 'C7': no tested claim 'C7' in this study; known: C1, C2, C2-than-C1, C3, C4"),
        (["C5=0.5"], "truth 'C5': no tested claim 'C5' in this study"),
        (["C1=0.5"], "truth 'C1': it follows from the fates of bn-plain; state those"),
        (["C4"], "truth 'C4': write ARM:FATE=SHARE, CLAIM=SHARE or CLAIM=MEAN,SPREAD"),
        (["C4=1,2"], "truth 'C4': '1,2' is no number"),
        (
            ["C3=0.5", "nobn-plain:reach=0.4"],
            "truth 'C3': getting on track in 0.5 of the runs of nobn-plain within 10%",
        ),
    ],
)
def test_truths_that_cannot_be_are_refused_in_one_line(truths: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_truths(PAPER, truths)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["config/celeba-tiny.yaml"], "study 'celeba-tiny' has no claim that is tested"),
        (["no-such-study"], "config/no-such-study.yaml: no such file"),
    ],
)
def test_the_command_refuses_in_one_line(
    arguments: Sequence[str], complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CONFIG.parent)
    assert main(["power", *arguments]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"vigan: {complaint}")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        (["--seeds", "0"], "argument --seeds: '0' is not a whole number from 1 to 10000"),
        (["--simulations", "0"], "argument --simulations: '0' is not a whole number from 1 to 100000"),
        (["--alike", "1.2"], "argument --alike: '1.2' is not a share from 0 to 1"),
    ],
)
def test_an_option_out_of_bounds_is_refused_with_its_bounds(
    option: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["power", "config/paper.yaml", *option])
    assert refused.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_fate_without_a_rule_that_tells_it_is_refused() -> None:
    bare = Study.model_validate(yaml.safe_load(TINY))
    with pytest.raises(ConfigError, match="the experiment of plain has no rule for it"):
        read_truths(bare, ["plain:collapse=0.5"])


def _supported(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """By claim, the least chance of support that 1,000 simulations allow (exact, 95%)."""
    assert main(["power", *arguments, "--simulations", "1000", "--json"]) == 0
    (chances,) = json.loads(capsys.readouterr().out)["chances"]
    shares = {claim: verdicts["supported"] for claim, verdicts in chances["claims"].items()}
    return {claim: share_interval(round(1000 * share), 1000).low for claim, share in shares.items()}


@pytest.mark.parametrize(("plain", "regularised"), [(0.8, 0.1), (0.9, 0.05)])
def test_the_paper_study_has_seeds_enough_for_experiment_1_whatever_is_true_of_experiment_2(
    plain: float, regularised: float, capsys: pytest.CaptureFixture[str]
) -> None:
    truths = [f"bn-plain:collapse={plain}", f"bn-regularised:collapse={regularised}"]
    least = _supported([str(CONFIG / "paper.yaml"), "--truth", *truths], capsys)
    assert {claim for claim, chance in least.items() if chance >= 0.9} == {"C1", "C2", "C2-than-C1"}


@pytest.mark.parametrize("study", ["paper", "celeba10k"])
def test_a_study_s_seeds_can_settle_all_its_claims_by_the_command_in_its_file(
    study: str, capsys: pytest.CaptureFixture[str]
) -> None:
    truths = ["bn-plain:collapse=0.9", "bn-regularised:collapse=0.05"]
    end = "" if study == "paper" else "-faces"
    least = _supported([str(CONFIG / f"{study}.yaml"), "--truth", *truths, f"C3{end}=0.1", f"C4{end}=0.9"], capsys)
    assert len(least) == 5
    assert min(least.values()) >= 0.9


def test_the_page_on_power_shows_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CONFIG.parent)
    page = (CONFIG.parent / "docs" / "power.md").read_text(encoding="utf-8").split("    $ vigan ")[1]
    command, *shown = page.partition("\n\nNothing was stated")[0].splitlines()
    assert main(command.split()) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.removeprefix("    ") for line in shown] == printed
