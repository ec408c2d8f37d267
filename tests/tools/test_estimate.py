from __future__ import annotations

from pathlib import Path

import pytest

from vigan.cli.parser import main
from vigan.config.datasets import CelebA, Dataset
from vigan.config.experiment import Protocol
from vigan.config.load import load_study
from vigan.config.methods.em import Em
from vigan.tools import estimate as stage
from vigan.tools.estimate import Estimate, format_estimate, human
from vigan.training.cuda_graph import WARM_UP, CapturedEngine

CONFIG = Path(__file__).parents[2] / "config"


def test_every_run_of_every_stage_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "iteration_seconds", lambda spec, device: 0.5)
    monkeypatch.setattr(stage, "protocol_seconds", lambda protocol, dataset, device: stage.Taken(2.0, 0.0))
    monkeypatch.setattr(stage, "prepare_seconds", lambda dataset: 7.0)
    study = load_study(CONFIG / "paper.yaml")
    found = stage.estimate(study, "cpu")
    assert found.total(found.train) == 80 * 158_250 * 0.5
    assert found.total(found.evaluate) == 80 * (51 + 3) * 2 * 2.0
    assert found.reference == 2 * 2 * 2.0
    assert found.prepare == 7.0


def test_a_reference_of_more_images_than_samples_is_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of it was counted."""
    monkeypatch.setattr(stage, "iteration_seconds", lambda spec, device: 0.5)
    monkeypatch.setattr(stage, "protocol_seconds", lambda protocol, dataset, device: stage.Taken(2.0, 0.0))
    monkeypatch.setattr(stage, "prepare_seconds", lambda dataset: 7.0)
    study = load_study(CONFIG / "digits.yaml")
    experiments = {
        name: one.model_copy(
            update={"protocols": tuple(p.model_copy(update={"reference": 9 * p.samples}) for p in one.protocols)}
        )
        for name, one in study.experiments.items()
    }
    larger = study.model_copy(update={"experiments": experiments})
    assert stage.estimate(larger, "cpu").reference == 5 * stage.estimate(study, "cpu").reference


def test_preparing_a_part_costs_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "_seconds", lambda call, device=None: 64.0)
    assert stage.prepare_seconds(CelebA(source="celeba", limit=10)) == 10
    assert stage.prepare_seconds(CelebA(source="celeba")) == 202_599


@pytest.mark.parametrize(
    ("seconds", "told"), [(5, "5 seconds"), (100, "1.7 minutes"), (7200, "2.0 hours"), (1e6, "11.6 days")]
)
def test_durations_are_told_in_a_person_s_unit(seconds: float, told: str) -> None:
    assert human(seconds) == told


@pytest.mark.parametrize(
    ("device", "told"),
    [("auto", "evaluation beside 2 at once"), ("cuda", "beside 2"), ("cuda:1", "beside 2"), ("cpu", "8 jobs at once")],
)
def test_on_gpus_as_many_jobs_as_they_have_slots_run_at_once(
    device: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.delenv("VIGAN_CPU", raising=False)
    found = Estimate(60.0, 0.0, {"plain": 3600.0}, {"plain": 1800.0}, {"plain": 9})
    monkeypatch.setattr(stage, "estimate", lambda study, device: found)
    assert main(["estimate", "--config", str(CONFIG / "ring.yaml"), "--cores", "8", "--device", device]) == 0
    assert told in capsys.readouterr().out


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
    run = load_study(CONFIG / "family.yaml").run_spec("ring-em")
    without = run.arm.model_copy(update={"model": Em(kind="em", floor=0.0)})
    assert stage.iteration_seconds(run.model_copy(update={"arm": without}), "cpu") > 0


@pytest.mark.parametrize("captured", [True, False])
def test_iterations_in_which_libraries_start_and_graphs_are_captured_are_left_out(
    captured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a GPU has it: the first takes seconds, the others milliseconds."""
    slow = WARM_UP + 2 if captured else 1
    clock = iter([2.5] * slow + [0.013, 0.012, 0.014])
    monkeypatch.setattr(stage, "_seconds", lambda call, device=None: (call(), next(clock))[1])
    monkeypatch.setattr(
        stage, "trainer", lambda made, place: CapturedEngine(made, lambda play: play) if captured else made
    )
    monkeypatch.setattr(stage, "ENOUGH", 1e9)
    run = load_study(CONFIG / "ring.yaml").run_spec("ring-plain")
    assert stage.iteration_seconds(run, "cpu") == 0.012


def test_runs_are_timed_in_their_own_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(stage, "calculate_in", lambda precision, threads, device: asked.append((precision, threads)))
    run = load_study(CONFIG / "ring.yaml").run_spec("ring-plain")
    stage.iteration_seconds(run.model_copy(update={"arm": run.arm.model_copy(update={"precision": "bf16"})}), "cpu")
    assert asked == [("bf16", 1)]


def test_a_network_that_is_not_here_is_named_and_all_else_is_told_without_fetching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIGAN_INCEPTION", raising=False)
    monkeypatch.setenv("VIGAN_CACHE", str(tmp_path))
    monkeypatch.setattr("urllib.request.OpenerDirector.open", lambda *_, **__: pytest.fail("fetched"))
    monkeypatch.setattr(stage, "iteration_seconds", lambda spec, device: 0.5)
    monkeypatch.setattr(stage, "prepare_seconds", lambda dataset: 7.0)
    study = load_study(CONFIG / "paper.yaml")
    real = stage.protocol_seconds

    def timed(protocol: Protocol, dataset: Dataset, device: str) -> stage.Taken:
        return stage.Taken(1.0, 1.0) if protocol.kind == "efflite0-128" else real(protocol, dataset, device)

    monkeypatch.setattr(stage, "protocol_seconds", timed)
    found = stage.estimate(study, "cpu")
    assert list(found.unknown) == ["inception-clean/n=10000/ref=train"]
    told = format_estimate(found, cores=8)
    assert "not counted: inception-clean/n=10000/ref=train: its network is not here" in told
    assert "train bn-plain" in told
    assert "evaluation is 0% of training and evaluation" in told


def test_on_a_gpu_evaluation_is_counted_beside_training() -> None:
    found = Estimate(60.0, 0.0, {"plain": 3600.0}, {"plain": 1200.0}, {"plain": 4}, at_once=2)
    told = format_estimate(found, cores=8)
    assert "evaluation is 25% of training and evaluation" in told
    (row,) = (line for line in told.splitlines() if line.startswith("all, evaluation beside 2 at once"))
    assert row.endswith("2.0 hours")  # two hours of training; evaluation's 80 minutes run beside it


@pytest.mark.parametrize(("device", "gains", "found"), [("auto", False, "cpu"), ("cpu", True, "cpu")])
def test_what_gains_nothing_by_a_gpu_is_timed_on_the_cpu(device: str, gains: bool, found: str) -> None:
    assert stage.where(device, gains=gains) == found
