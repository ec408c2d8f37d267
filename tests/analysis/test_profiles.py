from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from vigan.analysis.betting import betting_interval
from vigan.analysis.exact import share_interval
from vigan.analysis.profiles import improvements, profiles

NAN = float("nan")
LAST = {"term": [8, 8, 6, 7], "plain": [8, 2, 7, NAN], "wild": [NAN] * 4}
SIGNS = {"fair_modes": 1, "reverse_kl": -1}


def _scores(last: dict[str, list[float]] = LAST) -> pd.DataFrame:
    rows = [
        (arm, seed, metric, sign * value)
        for metric, sign in SIGNS.items()
        for arm, values in last.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "metric", "last"])


def _intervals(table: pd.DataFrame, *keys: str) -> dict[Any, list[float]]:
    """Share, low, high and n of each row, by its keys, or by its arm."""
    rows: list[dict[str, Any]] = table.to_dict("records")  # pyright: ignore[reportAssignmentType]
    names = [tuple(row[key] for key in keys) if keys else row["arm"] for row in rows]
    return dict(zip(names, table[["share", "low", "high", "n"]].to_numpy(float).tolist(), strict=True))


@pytest.mark.parametrize(("metric", "sign"), SIGNS.items())
def test_a_profile_is_the_share_of_runs_that_are_at_least_as_good(metric: str, sign: int) -> None:
    found = _intervals(profiles(_scores(), SIGNS).query("metric == @metric"), "arm", "value")
    for arm, shares in {"term": [4, 4, 3, 2], "plain": [3, 2, 2, 1], "wild": [0] * 4}.items():
        for value, runs in zip([2, 6, 7, 8], shares, strict=True):
            assert found[(arm, sign * value)] == list(share_interval(runs, 4))


@pytest.mark.parametrize("metric", SIGNS)
def test_improvement_counts_seeds_in_which_the_baseline_is_better_and_half_of_the_ties(metric: str) -> None:
    found = _intervals(improvements(_scores(), SIGNS, "term").query("metric == @metric"))
    # a tie, better, worse, better than a run that diverged
    np.testing.assert_allclose(found["plain"], betting_interval([0.5, 1, 0, 1]))
    np.testing.assert_allclose(found["wild"], betting_interval([1, 1, 1, 1]))
    diverging = _intervals(improvements(_scores(), SIGNS, "wild").query("metric == @metric"))
    np.testing.assert_allclose(diverging["plain"], betting_interval([0, 0, 0, 0.5]))


def test_an_arm_and_its_better_are_two_sides_of_one_number() -> None:
    there, back = (_intervals(improvements(_scores(), SIGNS, arm), "metric", "arm") for arm in ("term", "plain"))
    for metric in SIGNS:
        (share, low, high, n), other = there[(metric, "plain")], back[(metric, "term")]
        np.testing.assert_allclose([1 - share, 1 - high, 1 - low, n], other, atol=1e-8)


def test_only_seeds_that_both_arms_have_are_compared() -> None:
    scores = _scores()
    fewer = scores[(scores["arm"] != "plain") | (scores["seed"] < 2)]
    found = _intervals(improvements(fewer, SIGNS, "term"), "metric", "arm")
    assert found[("fair_modes", "plain")][-1] == 2
    assert found[("fair_modes", "wild")][-1] == 4


def test_a_metric_that_no_run_has_has_no_profile() -> None:
    empty = _scores().query("metric == 'fair_modes'")
    assert set(profiles(empty, SIGNS)["metric"]) == set(improvements(empty, SIGNS, "term")["metric"]) == {"fair_modes"}
    assert improvements(empty, SIGNS, "nobody").empty
