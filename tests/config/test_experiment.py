from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from studies import TINY, run_to_tables

from vigan.config.base import ConfigError
from vigan.config.load import load_study


def study_file(folder: Path, baseline: str) -> Path:
    """The tiny study with a third arm that differs in a stabiliser, and a baseline."""
    raw = yaml.safe_load(TINY)
    experiment = raw["experiments"]["circle"]
    experiment["arms"]["dragan"] = {"lambda_sum": 0.0, "stabilisers": {"dragan": {"weight": 10.0}}}
    experiment["baseline"] = baseline
    file = folder / "tiny.yaml"
    file.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    return file


def test_every_other_arm_is_compared_with_the_baseline(tmp_path: Path) -> None:
    experiment = load_study(study_file(tmp_path, "dragan")).experiments["circle"]
    assert experiment.pairs() == [("dragan", "plain"), ("dragan", "regularised")]


def test_without_a_baseline_arms_are_compared_that_differ_in_lambda_alone(tmp_path: Path) -> None:
    experiment = load_study(study_file(tmp_path, "plain")).experiments["circle"]
    assert experiment.model_copy(update={"baseline": None}).pairs() == [("plain", "regularised")]


def test_a_baseline_that_is_no_arm_of_its_experiment_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'baseline' is no arm of it: 'dragon'; did you mean 'dragan'"):
        load_study(study_file(tmp_path, "dragon"))


@pytest.mark.slow
def test_differences_from_the_baseline_stand_in_the_tables(tmp_path: Path) -> None:
    file = study_file(tmp_path, "plain")
    run_to_tables(file)
    pairs = pd.read_csv(tmp_path / "results" / "tiny" / "tables" / "pairs.csv")
    assert set(zip(pairs["first"], pairs["second"], strict=True)) == {("plain", "regularised"), ("plain", "dragan")}
    one = pairs[(pairs["second"] == "dragan") & (pairs["metric"] == "modes")]
    assert (one["difference"] == one["last_second"] - one["last_first"]).all()
    summary = pd.read_csv(tmp_path / "results" / "tiny" / "tables" / "pair-summary.csv")
    assert set(summary["second"]) == {"regularised", "dragan"}
