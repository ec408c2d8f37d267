from __future__ import annotations

from pathlib import Path

import pytest
from studies import TINY

from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.study import Study

SWEPT = (
    TINY[: TINY.index("    arms:")].replace("reading: released", "reading: proximal")
    + """\
    sweep:
      name: ring-k{updates_per_batch}-l{lambda_sum}
      updates_per_batch: [1, 2, 5]
      lambda_sum: [0.0, 0.01]
"""
)


def _load(tmp_path: Path, text: str) -> Study:
    (tmp_path / "tiny.yaml").write_text(text)
    return load_study(tmp_path / "tiny.yaml")


def test_a_sweep_is_an_arm_for_every_combination_with_all_that_is_shared(tmp_path: Path) -> None:
    experiment = _load(tmp_path, SWEPT).experiments["circle"]
    assert list(experiment.arms) == [
        "ring-k1-l0p0", "ring-k1-l0p01", "ring-k2-l0p0", "ring-k2-l0p01", "ring-k5-l0p0", "ring-k5-l0p01",
    ]  # fmt: skip
    arm = experiment.arms["ring-k5-l0p01"]
    assert (arm.k, arm.lambda_sum, arm.batch_size, arm.reading) == (5, 0.01, 32, "proximal")
    assert experiment.pairs() == [(f"ring-k{k}-l0p0", f"ring-k{k}-l0p01") for k in (1, 2, 5)]


def test_arms_may_stand_beside_a_sweep(tmp_path: Path) -> None:
    slow = "{updates_per_batch: 5, lambda_sum: 0.0, optimiser: {kind: adam_tf1, lr: 1.0e-4}}"
    text = f"{SWEPT}    arms:\n      slow: {slow}\n"
    arms = _load(tmp_path, text).experiments["circle"].arms
    assert len(arms) == 7
    assert arms["slow"].optimiser.lr == 1e-4
    with pytest.raises(ConfigError, match="'ring-k1-l0p0' is named both under 'arms' and by 'sweep'"):
        _load(tmp_path, text.replace("slow:", "ring-k1-l0p0:"))


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("[1, 2, 5]", "3", "'updates_per_batch' must be a list"),
        ("[1, 2, 5]", "[]", "'updates_per_batch' must be a list of values, at least one"),
        ("-l{lambda_sum}", "", "the same for several arms"),
        ("{lambda_sum}", "{lambda}", "does not fit its settings {updates_per_batch}, {lambda_sum}"),
        ("name: ring-k{updates_per_batch}-l{lambda_sum}", "nam: x", "a 'sweep' has a 'name'"),
        ("[1, 2, 5]", "[1, 2, 0]", "greater than or equal to 1"),
        ("lambda_sum: [", "lambda_som: [", "lambda_som"),
    ],
)
def test_a_sweep_that_makes_no_arms_is_an_error_in_one_line(
    tmp_path: Path, written: str, instead: str, told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        _load(tmp_path, SWEPT.replace(written, instead))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
