"""Onsets by hand; Kaplan-Meier, log-rank and shares against textbooks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from vigan.analysis.survival import (
    Onset,
    collapse_onset,
    kaplan_meier,
    log_rank,
    restricted_mean,
    share_interval,
    share_test,
    time_to_reach,
)
from vigan.metrics.validate import MetricError

RULE = {"below": 0.5, "relative_to": "running-maximum", "consecutive": 2, "once_above": 4.0}
values = st.lists(st.integers(0, 8) | st.just(math.nan), min_size=1, max_size=12)
lives = st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=10)


def _onset(scores, **change):
    return collapse_onset(10 * np.arange(len(scores)), scores, **{**RULE, **change})


@pytest.mark.parametrize(
    ("scores", "onset"),
    [
        ([2, 8, 8, 3, 3, 8], Onset(30, True)),
        ([2, 8, 3, 8, 3, 3], Onset(40, True)),
        ([2, 8, 8, 4, 4, 4], Onset(50, False)),
        ([2, 8, 8, 8, 8, 3], Onset(50, False)),
        ([3, 1, 1, 1, 1, 1], Onset(50, False)),
        ([1, 0, 0, 8, 3, 3], Onset(40, True)),
        ([4, 1, 1, 8, 8, 8], Onset(10, True)),
        ([3, 5, 2, 2, 8, 8], Onset(20, True)),
        ([0], Onset(0, False)),
    ],
    ids=[
        "first of the stretch", "a dip is none", "half is not below half", "censored though low at the end",
        "never was well", "what was low before does not count", "reached is enough", "the maximum so far, not ever",
        "one evaluation",
    ],
)  # fmt: skip
def test_collapse_begins_at_the_first_evaluation_of_the_first_long_stretch(scores, onset) -> None:
    assert _onset(scores) == onset


def test_collapse_relative_to_a_number_ignores_the_runs_own_maximum() -> None:
    assert _onset([8, 5, 5, 3, 3], relative_to=8.0) == Onset(30, True)
    assert _onset([5, 2, 2, 2, 2], relative_to=3.0) == Onset(40, False)


@pytest.mark.parametrize("lost", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("scores", "step"), [([8, 8], 20), ([0, 0], 20), ([8, 3], 20), ([8, 3, 3], 10)])
def test_a_value_that_is_not_finite_is_an_event_unless_collapse_came_first(scores, step, lost) -> None:
    assert _onset([*scores, lost, 8]) == Onset(step, True)


def test_a_run_that_never_had_a_finite_value_ended_at_its_first_step() -> None:
    assert _onset([math.nan, math.nan]) == Onset(0, True)


@given(scores=values, consecutive=st.integers(1, 6), below=st.sampled_from([0.25, 0.5, 1.0]))
def test_asking_for_a_longer_stretch_never_dates_collapse_earlier(scores, consecutive, below) -> None:
    short = _onset(scores, consecutive=consecutive, below=below)
    long = _onset(scores, consecutive=consecutive + 1, below=below)
    assert short.time <= long.time
    assert short.observed >= long.observed


@given(scores=values)
def test_a_lower_threshold_never_dates_collapse_earlier(scores) -> None:
    strict, mild = (_onset(scores, below=below) for below in (0.25, 0.75))
    assert mild.time <= strict.time
    assert mild.observed >= strict.observed


@pytest.mark.parametrize(
    ("scores", "better", "reached"),
    [
        ([1, 5, 3, 6], "higher", Onset(10, True)),
        ([9, 6, 5, 2], "lower", Onset(20, True)),
        ([1, 2, 4, 4], "higher", Onset(30, False)),
        ([math.nan, math.inf, 4, math.nan], "higher", Onset(30, False)),
        ([math.nan, -math.inf, 7, 5], "lower", Onset(30, True)),
    ],
)
def test_the_target_is_reached_at_the_first_value_at_or_beyond_it(scores, better, reached) -> None:
    assert time_to_reach(10 * np.arange(4), scores, target=5.0, better=better) == reached


@pytest.mark.parametrize("call", [
    lambda steps, scores: collapse_onset(steps, scores, **RULE),
    lambda steps, scores: time_to_reach(steps, scores, target=1.0, better="higher"),
])  # fmt: skip
@pytest.mark.parametrize(
    ("steps", "scores", "why"),
    [([], [], "expected one row"), ([0, 1], [1.0], "expected one row"), ([1, 0], [1.0, 2.0], "not ascending"),
     ([0, 0], [1.0, 2.0], "not ascending")],
)  # fmt: skip
def test_a_run_out_of_order_or_without_evaluations_is_refused(call, steps, scores, why) -> None:
    with pytest.raises(MetricError, match=why):
        call(steps, scores)


def test_a_reference_or_target_that_is_no_number_is_refused() -> None:
    with pytest.raises(MetricError, match="relative_to = nan"):
        _onset([1.0], relative_to=math.nan)
    with pytest.raises(MetricError, match="target = nan"):
        time_to_reach([0], [1.0], target=math.nan, better="lower")
    with pytest.raises(MetricError, match="consecutive = 0"):
        _onset([1.0], consecutive=0)


# Weeks in remission: Freireich et al. 1963, Blood 21, 699-716.
MERCAPTOPURINE = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
RELAPSED = [True] * 9 + [False] * 12
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_kaplan_meier_of_the_leukaemia_trial() -> None:
    """Products of 18/21, 16/17, 14/15, 11/12, 10/11, 6/7, 5/6, printed as below by R's survfit."""
    curve = kaplan_meier(MERCAPTOPURINE, RELAPSED).set_index("time")
    drops = curve.loc[[6, 7, 10, 13, 16, 22, 23]]
    assert drops["survival"].tolist() == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)
    assert drops["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.index[-1] == 35
    assert curve.loc[35, "survival"] == curve.loc[23, "survival"]


def test_kaplan_meiers_interval_is_greenwoods_on_the_log_log_scale() -> None:
    """At week 6, 3 of 21 relapsed: variance of log(-log S) = 3 / (21 x 18) / log(6/7)^2, by hand."""
    first = kaplan_meier(MERCAPTOPURINE, RELAPSED).set_index("time").loc[6]
    error = math.sqrt(3 / (21 * 18)) / -math.log(6 / 7)
    by_hand = [(6 / 7) ** math.exp(sign * norm.ppf(0.975) * error) for sign in (1, -1)]
    assert [first["low"], first["high"]] == pytest.approx(by_hand)
    assert by_hand == pytest.approx([0.620, 0.952], abs=5e-4)


def test_kaplan_meier_starts_at_1_and_is_sure_of_it_until_the_first_event() -> None:
    curve = kaplan_meier([2, 3, 5], [False, True, False])
    assert curve["time"].tolist() == [0, 2, 3, 5]
    assert curve["survival"].tolist() == [1, 1, 0.5, 0.5]
    assert curve["at_risk"].tolist() == [3, 3, 2, 1]
    assert curve.loc[:1, ["low", "high"]].to_numpy().tolist() == [[1, 1], [1, 1]]


@pytest.mark.filterwarnings("error")
def test_kaplan_meier_has_no_interval_once_nobody_is_left() -> None:
    last = kaplan_meier([1, 2], [True, True]).iloc[-1]
    assert last["survival"] == 0
    assert np.isnan(last[["low", "high"]].to_numpy(float)).all()


@given(lives)
def test_kaplan_meier_falls_from_1_within_its_interval(runs) -> None:
    curve = kaplan_meier(*zip(*runs, strict=True))
    survival = curve["survival"].to_numpy()
    assert survival[0] == 1
    assert (np.diff(survival) <= 0).all()
    assert survival[-1] >= 0
    assert not ((curve["low"] > survival + 1e-12) | (curve["high"] < survival - 1e-12)).any()


def test_log_rank_of_the_leukaemia_trial() -> None:
    """R's survdiff prints 9 relapses where 19.3 were expected, chi-squared 16.8, p = 4.17e-05."""
    p = log_rank(MERCAPTOPURINE, RELAPSED, PLACEBO, [True] * 21)
    assert p == pytest.approx(4.17e-5, abs=5e-8)
    assert norm.isf(p / 2) ** 2 == pytest.approx(16.8, abs=0.05)


def test_log_rank_worked_by_hand() -> None:
    """At 1, 2, 3 arm a expects 1/2, 1/3, 1/2 of one event, with variances 1/4, 2/9, 1/4; it has 2."""
    z = (2 - 4 / 3) / math.sqrt(13 / 18)
    a, b = ([1, 3], [True, True]), ([2, 4], [True, False])
    assert log_rank(*a, *b) == pytest.approx(2 * norm.sf(z))
    assert log_rank(*a, *b, "greater") == pytest.approx(norm.sf(z))
    assert log_rank(*a, *b, "less") == pytest.approx(norm.cdf(z))
    assert log_rank(*b, *a, "greater") == pytest.approx(norm.cdf(z))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (([5, 5], [False] * 2), ([5, 5], [False] * 2)),
        (([3], [True]), ([3], [True])),
        (([3, 3], [True] * 2), ([1, 2], [False] * 2)),
        ((np.arange(1, 50), [True] * 49), ([0.5], [False])),
    ],
    ids=["no event", "all at once", "one arm was gone", "one arm was gone, with rounding"],
)
def test_log_rank_says_1_where_nothing_can_be_said(a, b, alternative) -> None:
    assert log_rank(*a, *b, alternative) == 1.0


@given(lives, lives)
def test_log_rank_is_a_p_value_and_does_not_depend_on_the_order_of_arms(first, second) -> None:
    a, b = (tuple(zip(*runs, strict=True)) for runs in (first, second))
    p = log_rank(*a, *b)
    assert 0 <= p <= 1
    assert p == pytest.approx(log_rank(*b, *a))


def test_restricted_mean_of_runs_all_watched_is_the_mean_of_what_each_had() -> None:
    assert restricted_mean([2, 4, 9], [True] * 3, until=6) == pytest.approx((2 + 4 + 6) / 3)
    assert restricted_mean([2, 4, 9], [True] * 3, until=20) == pytest.approx(5)


def test_restricted_mean_with_a_censored_run_worked_by_hand() -> None:
    """Survival 1 on [0, 2), 2/3 on [2, 5), then 0: the run censored at 3 leaves one at risk at 5."""
    assert restricted_mean([2, 3, 5], [True, False, True], until=6) == pytest.approx(2 + 3 * 2 / 3)


def test_restricted_mean_beyond_what_was_watched_is_refused() -> None:
    assert restricted_mean([2, 6], [True, False], until=6) == pytest.approx(4)
    with pytest.raises(MetricError, match="no run was watched beyond 6"):
        restricted_mean([2, 6], [True, False], until=7)


@pytest.mark.parametrize(
    ("times", "observed", "why"),
    [([], [], "expected one row"), ([1, 2], [True], "expected one row"), ([-1], [True], "negative"),
     ([math.nan], [True], "not finite")],
)  # fmt: skip
def test_times_that_are_none_are_refused(times, observed, why) -> None:
    for call in (kaplan_meier, lambda *life: log_rank(*life, [1], [True]), lambda *life: restricted_mean(*life, 1.0)):
        with pytest.raises(MetricError, match=why):
            call(times, observed)


def test_share_of_runs_is_tested_exactly() -> None:
    assert share_test(8, 8, 0.5, "greater") == 1 / 256
    assert share_test(1, 4, 0.5, "less") == pytest.approx((1 + 4) / 16)
    assert math.isnan(share_test(0, 0, 0.5))


def test_the_interval_of_a_share_is_clopper_and_pearsons() -> None:
    none, some = share_interval(0, 8), share_interval(4, 20)
    assert none == pytest.approx((0.0, 0.0, 1 - 0.025 ** (1 / 8), 8))
    assert some == pytest.approx((0.2, 0.0573, 0.4366, 20), abs=5e-5)
    assert np.isnan(share_interval(0, 0)[:3]).all()
