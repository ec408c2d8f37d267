from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from vigan.analysis.metric_bounds import limits, possible
from vigan.protocols.registry import METRICS

from .studied import study_of


def _table(metric: str, low: float, high: float) -> pd.DataFrame:
    return pd.DataFrame([("circle", metric, low, high)], columns=["experiment", "metric", "ci_low", "ci_high"])


@pytest.mark.parametrize(
    ("metric", "low", "high", "cut"),
    [
        ("fair_modes", -0.3, 11.7, (0.0, 8.0)),
        ("fair_modes", 2.0, 6.0, (2.0, 6.0)),
        ("high_quality", 0.4, 1.2, (0.4, 1.0)),
        ("reverse_kl", -0.1, 3.0, (0.0, math.log(8))),
        ("kid_mean", -0.1, 0.2, (-0.1, 0.2)),
        ("vendi", 0.5, 40.0, (1.0, 40.0)),
    ],
)
def test_no_interval_holds_what_is_impossible(metric: str, low: float, high: float, cut: tuple[float, float]) -> None:
    row = possible(_table(metric, low, high), study_of()).iloc[0]
    assert (row["ci_low"], row["ci_high"]) == cut


def test_differences_reach_from_minus_the_range_to_the_range() -> None:
    row = possible(_table("fair_modes", -11.0, 11.0), study_of(), differences=True).iloc[0]
    assert (row["ci_low"], row["ci_high"]) == (-8, 8)
    unbounded = possible(_table("frechet", -11.0, 11.0), study_of(), differences=True).iloc[0]
    assert (unbounded["ci_low"], unbounded["ci_high"]) == (-11, 11)


def test_an_end_that_is_not_known_stays_unknown() -> None:
    row = possible(_table("modes", np.nan, np.nan), study_of()).iloc[0]
    assert math.isnan(row["ci_low"])


def test_every_metric_has_a_range() -> None:
    assert all(low < high for low, high in (limits(metric, 8) for metric in METRICS))
