from __future__ import annotations

import math

import pytest

from vigan.analysis.metric_bounds import bounds_in, bounds_of, is_steep, of_differences
from vigan.config.study import Study
from vigan.protocols.registry import METRICS

from .studied import study_of


@pytest.mark.parametrize(
    ("metric", "low", "high"),
    [
        ("fair_modes", 0, 8), ("modes", 0, 8), ("reverse_kl", 0, math.log(8)), ("high_quality", 0, 1),
        ("jsd", 0, math.log(2)), ("frechet", 0, math.inf), ("kid_mean", -math.inf, math.inf), ("vendi", 1, math.inf),
    ],
)  # fmt: skip
def test_a_metric_lies_between_what_is_possible(metric: str, low: float, high: float) -> None:
    assert bounds_of(metric, 8) == (low, high)
    bounds = bounds_in(study_of())
    assert bounds("circle", metric) == (low, high)
    assert of_differences(bounds)("circle", metric) == (low - high, high - low)


def test_without_a_known_number_of_modes_their_count_has_no_highest_value() -> None:
    assert bounds_of("fair_modes", None) == (0, math.inf)
    assert bounds_of("coverage", None) == (0, 1)


def test_bounds_are_those_of_the_experiments_own_data() -> None:
    raw = study_of().model_dump(mode="json", exclude_unset=True)
    raw["datasets"]["grid"] = {"source": "grid", "count": 6000}
    arms = {f"other-{name}": arm for name, arm in raw["experiments"]["circle"]["arms"].items()}
    raw["experiments"]["square"] = {**raw["experiments"]["circle"], "dataset": "grid", "arms": arms}
    bounds = bounds_in(Study.model_validate(raw))
    assert bounds("circle", "modes") == (0, 8)
    assert bounds("square", "modes") == (0, 25)


def test_what_is_no_metric_has_no_bounds() -> None:
    assert bounds_in(study_of())("circle", "d_loss") == (-math.inf, math.inf)


def test_every_metric_has_a_range_and_says_whether_it_is_bounded() -> None:
    for name, metric in METRICS.items():
        low, high = bounds_of(name, 8)
        assert low < high
        assert metric.bounded(8) == (math.isfinite(low) and math.isfinite(high)), name


@pytest.mark.parametrize(
    ("low", "high", "bounded", "steep"),
    [
        (1.0, 16.0, False, True),
        (1.0, 15.0, False, False),
        (1.0, 16.0, True, False),
        (0.0, 16.0, False, False),
        (-1.0, 16.0, False, False),
    ],
)
def test_positive_values_over_decades_without_a_bound_are_shown_on_a_logarithmic_scale(
    low: float, high: float, bounded: bool, steep: bool
) -> None:
    assert is_steep(low, high, bounded=bounded) == steep
