from __future__ import annotations

from pathlib import Path

import pytest

from vigan.cli.parser import main
from vigan.config.datasets import CelebA
from vigan.config.load import load_study
from vigan.config.methods.em import Em
from vigan.tools import estimate as stage
from vigan.tools.estimate import Estimate, format_estimate, human

CONFIG = Path(__file__).parents[2] / "config"


def test_every_run_of_every_stage_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "iteration_seconds", lambda spec, device: 0.5)
    monkeypatch.setattr(stage, "protocol_seconds", lambda protocol, dataset, device: 2.0)
    monkeypatch.setattr(stage, "prepare_seconds", lambda dataset: 7.0)
    study = load_study(CONFIG / "paper.yaml")
    found = stage.estimate(study, "cpu")
    assert found.total(found.train) == 80 * 158_250 * 0.5
    assert found.total(found.evaluate) == 80 * (51 + 3) * 2 * 2.0
    assert found.reference == 2 * 2 * 2.0
    assert found.prepare == 7.0


def test_preparing_a_part_costs_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "_seconds", lambda call, device=None: 64.0)
    assert stage.prepare_seconds(CelebA(source="celeba", limit=10)) == 10
    assert stage.prepare_seconds(CelebA(source="celeba")) == 202_599


@pytest.mark.parametrize(
    ("seconds", "told"), [(5, "5 seconds"), (100, "1.7 minutes"), (7200, "2.0 hours"), (1e6, "11.6 days")]
)
def test_durations_are_told_in_a_person_s_unit(seconds: float, told: str) -> None:
    assert human(seconds) == told


def test_the_table_says_what_one_run_and_all_of_them_take() -> None:
    told = format_estimate(Estimate(60.0, 0.0, {"plain": 3600.0}, {"plain": 1800.0}, {"plain": 4}), cores=8)
    rows = {line.rsplit("  ", 3)[0].split("  ")[0]: line for line in told.splitlines()}
    assert rows["train plain"].split() == ["train", "plain", "60.0", "minutes", "4", "4.0", "hours"]
    assert rows["all, one job at a time"].endswith("6.0 hours")
    assert rows["all, 4 jobs at once (at best)"].endswith("1.5 hours")


def test_the_command_times_real_iterations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--config", str(CONFIG / "ring.yaml"), "--device", "cpu", "--cores", "2"]) == 0
    told = capsys.readouterr().out
    assert "train ring-plain" in told
    assert "all, 2 jobs at once" in told


def test_em_without_a_floor_can_be_timed() -> None:
    run = load_study(CONFIG / "family.yaml").run_spec("ring-em", 0)
    without = run.arm.model_copy(update={"model": Em(kind="em", floor=0.0)})
    assert stage.iteration_seconds(run.model_copy(update={"arm": without}), "cpu") > 0
