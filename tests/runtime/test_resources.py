"""What jobs ask of a cluster follows from the study."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from studies import TINY

from vigan.config.arms import RunSpec
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.runtime import resources, settings

ROOT = Path(__file__).parents[2]
PAPER = load_study(ROOT / "config" / "paper.yaml")
ARM = next(PAPER.runs()).arm


def _tiny(folder: Path, old: str = "", new: str = "") -> Study:
    """The tiny study on many examples, with one thing changed."""
    many = TINY.replace("count: 6000", "count: 60000")
    assert old in many
    (folder / "study.yaml").write_text(many.replace(old, new) if old else many)
    return load_study(folder / "study.yaml")


def _minutes(spec: RunSpec, *, gpu: bool = True) -> int:
    return resources.for_training(spec, gpu=gpu).runtime - resources.STARTING_MINUTES


@pytest.mark.parametrize("factor", [2, 3])
def test_minutes_of_training_grow_with_its_iterations(factor: int) -> None:
    spec = PAPER.run_spec(ARM, 0).model_copy(update={"iterations": 10_000})
    longer = spec.model_copy(update={"iterations": factor * 10_000})
    assert _minutes(longer) == pytest.approx(factor * _minutes(spec), abs=factor)
    assert _minutes(spec) > 10


def test_a_training_has_room_for_its_data_set(tmp_path: Path) -> None:
    spec = PAPER.run_spec(ARM, 0)
    images = 202_599 * math.prod(spec.dataset.shape) * 4 / 1e6
    small = resources.for_training(_tiny(tmp_path).run_spec("plain", 0), gpu=True)
    assert resources.for_training(spec, gpu=True).mem_mb - small.mem_mb == pytest.approx(images, abs=2)


def test_a_gpu_is_given_less_time_and_its_libraries_more_memory() -> None:
    spec = PAPER.run_spec(ARM, 0).model_copy(update={"iterations": 1000})
    with_, without = (resources.for_training(spec, gpu=gpu) for gpu in (True, False))
    assert with_.runtime < without.runtime
    assert with_.mem_mb > without.mem_mb


def test_each_attempt_asks_for_twice_as_much_and_never_for_more_than_helps_or_is_given() -> None:
    needs = resources.Resources(1000, 300)
    assert [needs.at(attempt, 1440).runtime for attempt in range(1, 7)] == [300, 600, 1200, 1440, 1440, 1440]
    assert [needs.at(attempt, 1440).mem_mb for attempt in range(1, 7)] == [1000, 2000, 4000, 4000, 4000, 4000]
    assert needs.at(1, 60).runtime == 60


def test_a_job_may_run_for_a_day_or_as_long_as_the_machine_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGAN_LONGEST_MINUTES", raising=False)
    assert settings.longest_minutes() == 24 * 60
    monkeypatch.setenv("VIGAN_LONGEST_MINUTES", "240")
    assert settings.longest_minutes() == 240
    monkeypatch.setenv("VIGAN_LONGEST_MINUTES", "0")
    with pytest.raises(settings.MachineError, match="VIGAN_LONGEST_MINUTES is '0'; write a whole number, 1 or more"):
        settings.longest_minutes()


def test_measuring_takes_longer_with_more_snapshots_and_samples(tmp_path: Path) -> None:
    def minutes(old: str = "", new: str = "") -> int:
        return resources.for_measuring(_tiny(tmp_path, old, new), "plain", gpu=True).runtime

    assert minutes() < minutes("snapshots: 3", "snapshots: 30")
    assert minutes() < minutes("samples: 500", "samples: 50000")


def test_measuring_has_room_for_the_features_of_its_samples(tmp_path: Path) -> None:
    few, many = (
        resources.for_measuring(_tiny(tmp_path, "samples: 500", f"samples: {n}"), "plain", gpu=True).mem_mb
        for n in (500, 50_000)
    )
    assert many - few > 49_500 * resources.FEATURES * 8 / 1e6


def test_joining_needs_more_the_more_runs_there_are(tmp_path: Path) -> None:
    few, many = (resources.for_joining(_tiny(tmp_path, "[0, 1]", str(list(range(n))))) for n in (2, 500))
    assert many.mem_mb > few.mem_mb
    assert many.runtime > few.runtime


def test_snapshots_of_many_samples_are_measured_several_at_a_time(tmp_path: Path) -> None:
    assert resources.snapshots_at_once(PAPER, ARM) > 1
    assert resources.snapshots_at_once(_tiny(tmp_path), "plain") == 1


def test_snapshots_that_are_measured_at_once_each_have_room(tmp_path: Path) -> None:
    """Four were measured at a time, in the memory of one."""
    one, four = (
        resources.for_measuring(_tiny(tmp_path, "samples: 500", f"samples: {n}"), "plain", gpu=False).mem_mb
        for n in (4999, 5000)
    )
    samples = resources.SEVERAL * 8 * 5000 * resources.FEATURES / 1e6
    assert four - one == pytest.approx(3 * samples, abs=2)


def test_ten_thousand_samples_ask_for_no_room_for_all_their_pairs(tmp_path: Path) -> None:
    study = _tiny(tmp_path, "samples: 500", "samples: 10000")
    assert resources.for_measuring(study, "plain", gpu=False).mem_mb < resources.LIBRARIES_MB[False] + 4 * 1000
