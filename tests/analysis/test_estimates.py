"""What is said of runs over seeds, against values worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from vigan.analysis.betting import bounded_mean
from vigan.analysis.estimates import (
    curves,
    noise,
    pair_summary,
    paired_differences,
    run_scores,
    spread,
    summary,
    telemetry_curves,
)
from vigan.analysis.exact import median_interval, sign_test
from vigan.analysis.metric_bounds import bounds_of, of_differences
from vigan.analysis.summaries import interquartile_mean
from vigan.protocols.registry import checks

from .conftest import PROTOCOL, runs_of, values_of


def BOUNDS(_experiment: str, metric: str) -> tuple[float, float]:
    """Those of metrics on eight modes."""
    return bounds_of(metric, 8)


UNEVEN = [(0, 8.0), (10, 2.0), (40, 4.0)]


def _score(table: pd.DataFrame) -> pd.Series:
    scores = run_scores(table)
    assert len(scores) == 1
    return scores.iloc[0]


def test_last_is_the_value_at_the_highest_step_in_whatever_order_rows_come() -> None:
    assert _score(values_of([(40, 4.0), (0, 8.0), (10, 2.0)]))["last"] == 4.0


def test_area_weighs_each_stretch_by_its_length() -> None:
    by_hand = ((8 + 2) / 2 * 10 + (2 + 4) / 2 * 30) / 40
    assert _score(values_of(UNEVEN))["area"] == pytest.approx(by_hand) == 3.5


def test_area_of_a_constant_is_the_constant_however_steps_are_spaced() -> None:
    assert _score(values_of([(0, 3.0), (1, 3.0), (50, 3.0), (51, 3.0)]))["area"] == pytest.approx(3.0)


@pytest.mark.parametrize(("metric", "best"), [("frechet", 2.0), ("modes", 4.0)])
def test_best_is_lowest_or_highest_as_the_metric_says_and_step_0_does_not_count(metric: str, best: float) -> None:
    lowest_first = [(0, 0.0), (10, 2.0), (40, 4.0)]
    highest_first = [(0, 9.0), (10, 4.0), (40, 2.0)]
    for points in (lowest_first, highest_first):
        assert _score(values_of(points, metric=metric))["best"] == best


@pytest.mark.parametrize("metric", ["density", "vendi"])
def test_a_metric_without_a_better_direction_has_no_best(metric: str) -> None:
    score = _score(values_of(UNEVEN, metric=metric))
    assert math.isnan(score["best"])
    assert score["last"] == 4.0


def test_a_run_measured_at_step_0_only_has_no_best() -> None:
    assert math.isnan(_score(values_of([(0, 5.0)]))["best"])


def test_a_diverged_run_has_no_last_value_and_no_area_whatever_it_scored_while_it_lived() -> None:
    score = _score(values_of(UNEVEN, status="diverged"))
    assert math.isnan(score["last"])
    assert math.isnan(score["area"])
    assert score["best"] == 4.0


def test_runs_metrics_and_protocols_are_scored_apart() -> None:
    other = values_of([(0, 1.0), (60, 6.0)]).assign(protocol="toy-modes/n=16/ref=train")
    scores = run_scores(
        pd.concat([values_of([(0, 1.0), (60, 8.0)]), other, values_of([(0, 0.5), (60, 0.1)], metric="high_quality")])
    )
    assert scores["last"].tolist() == [8.0, 6.0, 0.1]
    assert scores["protocol"].tolist() == [PROTOCOL, "toy-modes/n=16/ref=train", PROTOCOL]


@pytest.mark.parametrize("check", checks())
def test_checks_of_the_measurement_are_not_scored(check: str) -> None:
    table = pd.concat([values_of(UNEVEN), values_of([(0, 1.0), (60, 0.0)], metric=check)])
    assert set(run_scores(table)["metric"]) == {"modes"}


ALL = ("completed",) * 3


def _three_seeds(last: Sequence[float], statuses: Sequence[str], arm: str = "plain") -> pd.DataFrame:
    runs = zip(range(3), last, statuses, strict=True)
    return pd.concat([values_of([(0, 1.0), (60, v)], arm=arm, seed=seed, status=s) for seed, v, s in runs])


def test_summary_is_over_the_runs_that_have_the_number_and_counts_the_diverged() -> None:
    statuses = ("completed", "diverged", "completed")
    scores = run_scores(_three_seeds((2.0, 8.0, 6.0), statuses))
    runs = runs_of(*(("plain", seed, status) for seed, status in enumerate(statuses)), ("other", 0, "diverged"))
    table = summary(scores, runs, BOUNDS).set_index("score")
    assert list(table.loc["last", ["n", "mean", "low", "high", "diverged"]]) == [2, 4.0, 2.0, 6.0, 1]
    assert list(table.loc["area", ["n", "mean", "diverged"]]) == [2, (1.5 + 3.5) / 2, 1]
    assert list(table.loc["best", ["n", "high"]]) == [3, 8.0]


def test_summary_of_an_arm_that_diverged_throughout_has_n_0_and_no_mean() -> None:
    scores = run_scores(_three_seeds((2.0, 3.0, 6.0), ("diverged",) * 3))
    runs = runs_of(*(("plain", seed, "diverged") for seed in range(3)))
    last = summary(scores, runs, BOUNDS).set_index("score").loc["last"]
    assert (last["n"], last["diverged"]) == (0, 3)
    assert last[["center", "ci_low", "ci_high", "mean", "low", "high", "iqm"]].isna().all()


def test_an_arm_that_never_diverged_says_zero() -> None:
    scores = run_scores(values_of(UNEVEN))
    assert summary(scores, runs_of(("plain", 0, "completed")), BOUNDS)["diverged"].tolist() == [0, 0, 0]


def _metric(metric: str, *values: float) -> pd.DataFrame:
    runs = [values_of([(60, value)], metric=metric, seed=seed) for seed, value in enumerate(values)]
    return pd.concat(runs, ignore_index=True)


def _spread(metric: str, *values: float) -> pd.Series:
    return spread(_metric(metric, *values), ["experiment", "arm", "metric"], BOUNDS).iloc[0]


@pytest.mark.parametrize("metric", ["modes", "high_quality", "reverse_kl"])
def test_a_bounded_metric_has_the_interval_of_its_mean(metric: str) -> None:
    values = (0.9, 0.5, 0.7, 0.7)
    row, found = _spread(metric, *values), bounded_mean(values, *bounds_of(metric, 8))
    assert tuple(row[["center", "ci_low", "ci_high", "center_of"]]) == (*found[:3], "mean")
    assert row["center"] == row["mean"] == pytest.approx(0.7)


@pytest.mark.parametrize("metric", ["frechet", "kid_mean"])
def test_an_unbounded_metric_has_the_interval_of_its_median(metric: str) -> None:
    values = (3.0, 1.0, 2.0, 50.0, 4.0, 6.0, 5.0)
    row = _spread(metric, *values)
    assert tuple(row[["center", "ci_low", "ci_high", "center_of"]]) == (*median_interval(values)[:3], "median")
    assert row["center"] == 4.0
    assert row["mean"] == pytest.approx(71 / 7)
    few = _spread(metric, *values[:5])
    assert few["center"] == 3.0
    assert few[["ci_low", "ci_high"]].isna().all()


def test_runs_that_all_agree_have_an_interval_all_the_same() -> None:
    """README once printed 0.75 [0.75, 0.75]."""
    row = _spread("modes", *[6.0] * 4)
    assert row["ci_low"] < 5 < 6 < 7 < row["ci_high"] <= 8


def test_values_that_are_not_finite_do_not_count() -> None:
    row = _spread("modes", 6.0, math.inf, math.nan, 4.0)
    assert tuple(row[["n", "mean", "low", "high"]]) == (2, 5.0, 4.0, 6.0)


def test_a_run_stuck_at_the_highest_value_has_a_mean_over_training_and_its_interval() -> None:
    """Its mean over these 21 evaluations is higher than the value by 4e-16."""
    stuck = values_of([(400 * at, math.log(10)) for at in range(21)], metric="reverse_kl")
    scores = run_scores(stuck)
    assert scores["area"].iloc[0] > math.log(10)
    table = summary(scores, runs_of(("plain", 0, "completed")), lambda _, metric: bounds_of(metric, 10))
    assert table.set_index("score").loc["area", "ci_high"] == pytest.approx(math.log(10))


def test_the_middle_half_of_the_runs_stands_beside_the_mean() -> None:
    scores = run_scores(_three_seeds((2.0, 3.0, 8.0), ALL))
    table = summary(scores, runs_of(*(("plain", seed, "completed") for seed in range(3))), BOUNDS)
    last = table.set_index("score").loc["last"]
    assert last["iqm"] == interquartile_mean([2.0, 3.0, 8.0])


def test_the_metrics_own_noise_stands_beside_that_of_seeds() -> None:
    scores = run_scores(_three_seeds((2.0, 3.0, 7.0), ALL))
    drawn = pd.DataFrame(
        [("ring", "plain", "released", seed, 60, draw, "modes", PROTOCOL, seed + step * draw)
         for seed, step in ((0, 1.0), (1, 2.0), (2, 3.0)) for draw in (0, 1)],
        columns=["experiment", "arm", "reading", "seed", "step", "draw", "metric", "protocol", "value"],
    )  # fmt: skip
    row = noise(drawn, scores).iloc[0]
    assert row["latent_sd"] == pytest.approx(math.sqrt((0.5 + 2.0 + 4.5) / 3))
    assert row["seed_sd"] == pytest.approx(np.std([2, 3, 7], ddof=1))
    assert (row["draws"], row["n"]) == (2, 3)


PAIR = [("plain", "regularised")]


def _pairs(
    first: Sequence[float],
    second: Sequence[float],
    *,
    metric: str = "modes",
    statuses: tuple[Sequence[str], Sequence[str]] = (ALL, ALL),
) -> pd.DataFrame:
    plain = _three_seeds(first, statuses[0])
    regularised = _three_seeds(second, statuses[1], arm="regularised")
    return paired_differences(run_scores(pd.concat([plain, regularised]).assign(metric=metric)), PAIR)


def test_a_pairs_difference_is_second_minus_first_within_a_seed() -> None:
    pairs = _pairs((1.0, 2.0, 3.0), (1.5, 1.0, 7.0)).set_index("seed")
    assert pairs["difference"].to_dict() == {0: 0.5, 1: -1.0, 2: 4.0}
    assert pairs["last_first"].to_dict() == {0: 1.0, 1: 2.0, 2: 3.0}


def test_seeds_are_matched_by_number_not_by_place() -> None:
    turned = values_of([(0, 1.0), (60, 5.0)], arm="regularised", seed=1)
    table = pd.concat([values_of([(0, 1.0), (60, 9.0)], seed=0), values_of([(0, 1.0), (60, 4.0)], seed=1), turned])
    pairs = paired_differences(run_scores(table), PAIR)
    assert pairs[["seed", "difference"]].to_numpy().tolist() == [[1, 1.0]]


@pytest.mark.parametrize(("metric", "better"), [("modes", 2), ("frechet", 1), ("density", 0)])
def test_better_follows_the_metrics_direction(metric: str, better: int) -> None:
    row = pair_summary(_pairs((1.0, 2.0, 3.0), (1.5, 1.0, 7.0), metric=metric), BOUNDS).iloc[0]
    assert row["second_better"] == better
    assert row["equal"] == 0
    assert (row["n"], row["low"], row["high"]) == (3, -1.0, 4.0)
    assert row["mean"] == pytest.approx(3.5 / 3)


@pytest.mark.parametrize(("metric", "equal"), [("modes", 3), ("frechet", 3), ("density", 0)])
def test_equal_values_are_equal_where_a_metric_has_a_direction(metric: str, equal: int) -> None:
    row = pair_summary(_pairs((1.0, 2.0, 3.0), (1.0, 2.0, 3.0), metric=metric), BOUNDS).iloc[0]
    assert (row["second_better"], row["equal"]) == (0, equal)


@pytest.mark.parametrize("metric", ["modes", "frechet"])
def test_a_survivor_beats_a_diverged_run_and_two_diverged_are_equal(metric: str) -> None:
    first, second = ("diverged", "completed", "diverged"), ("completed", "diverged", "diverged")
    row = pair_summary(_pairs((8.0,) * 3, (8.0,) * 3, metric=metric, statuses=(first, second)), BOUNDS).iloc[0]
    assert (row["second_better"], row["equal"], row["n"]) == (1, 1, 0)
    assert row["pairs"] == 3
    assert math.isnan(row["mean"])


@pytest.mark.parametrize("metric", ["modes", "frechet"])
def test_the_sign_test_beside_better_and_equal_is_of_the_same_seeds(metric: str) -> None:
    """The second arm was better in ten of 16 seeds, and p = 0.03 was for the first, of six that survived in both."""
    sign = 1.0 if metric == "modes" else -1.0
    rows = pd.DataFrame({"last_first": [np.nan] * 10 + [8.0] * 6, "last_second": [8.0] * 10 + [8.0 - sign] * 6})
    rows = rows.assign(difference=rows["last_second"] - rows["last_first"], experiment="circle", seed=range(16))
    rows = rows.assign(first="plain", second="regularised", metric=metric, protocol="p")
    row = pair_summary(rows, BOUNDS).iloc[0]
    assert (row["second_better"], row["equal"], row["n"]) == (10, 0, 6)
    assert row["p_two_sided"] == pytest.approx(binomtest(10, 16).pvalue)


def test_divergence_does_not_make_a_metric_without_direction_better_or_equal() -> None:
    first, second = ("diverged", "completed", "diverged"), ("completed", "diverged", "diverged")
    row = pair_summary(_pairs((8.0,) * 3, (8.0,) * 3, metric="vendi", statuses=(first, second)), BOUNDS).iloc[0]
    assert (row["second_better"], row["equal"]) == (0, 0)


def test_a_study_without_pairs_has_empty_tables_with_their_columns() -> None:
    pairs = paired_differences(run_scores(values_of(UNEVEN)), [])
    told = pair_summary(pairs, BOUNDS)
    assert len(pairs) == len(told) == 0
    assert list(pairs) == list(_pairs((1.0, 2.0, 3.0), (1.0, 2.0, 3.0)))
    assert {"pairs", "n", "mean", "low", "high", "second_better", "equal", "p_two_sided"} <= set(told)


def test_differences_have_the_sign_tests_p_and_the_interval_of_what_is_possible() -> None:
    row = pair_summary(_pairs((1.0, 2.0, 3.0), (1.5, 1.0, 7.0)), BOUNDS).iloc[0]
    assert row["p_two_sided"] == sign_test([0.5, -1.0, 4.0])
    found = bounded_mean([0.5, -1.0, 4.0], *of_differences(BOUNDS)("ring", "modes"))
    assert tuple(row[["center", "ci_low", "ci_high"]]) == found[:3]
    assert -8 <= row["ci_low"] < row["ci_high"] <= 8


def test_curves_say_at_every_step_how_many_runs_were_measured_there() -> None:
    short = values_of([(0, 2.0), (30, 4.0)], seed=1, status="diverged")
    table = curves(pd.concat([values_of([(0, 1.0), (30, 3.0), (60, 8.0)]), short]), BOUNDS).set_index("step")
    assert table["n"].to_dict() == {0: 2, 30: 2, 60: 1}
    assert table["mean"].to_dict() == {0: 1.5, 30: 3.5, 60: 8.0}
    assert list(table.loc[30, ["low", "high"]]) == [3.0, 4.0]


def test_curves_of_two_protocols_and_two_arms_are_not_mixed() -> None:
    one = values_of([(0, 1.0)])
    table = curves(
        pd.concat([one, one.assign(protocol="other", value=5.0), one.assign(arm="other", value=7.0)]), BOUNDS
    )
    assert table["n"].tolist() == [1, 1, 1]
    assert sorted(table["mean"]) == [1.0, 5.0, 7.0]


def test_telemetry_curves_hold_every_column_over_seeds() -> None:
    runs = pd.DataFrame(
        {
            "experiment": "ring", "arm": "plain", "reading": "released", "seed": [0, 0, 1], "iteration": [20, 40, 20],
            "d_loss": [1.0, 2.0, 3.0], "drift": [0.1, 0.2, math.nan],
        }
    )  # fmt: skip
    table = telemetry_curves(runs).set_index(["metric", "step"])
    assert list(table.loc[("d_loss", 20), ["n", "mean", "low", "high"]]) == [2, 2.0, 1.0, 3.0]
    assert table.loc[("d_loss", 40), "n"] == 1
    assert list(table.loc[("drift", 20), ["n", "mean"]]) == [1, 0.1]


def test_a_column_that_an_arm_lacks_is_no_column_of_its() -> None:
    runs = pd.DataFrame(
        {
            "experiment": "ring", "arm": ["plain", "em"], "reading": "released", "seed": 0, "iteration": 20,
            "d_loss": [math.nan, math.nan], "drift": [0.1, math.nan],
        }
    )  # fmt: skip
    table = telemetry_curves(runs, {("plain", "d_loss"), ("plain", "drift")})
    assert table[["arm", "metric", "n"]].to_numpy().tolist() == [["plain", "d_loss", 0], ["plain", "drift", 1]]
