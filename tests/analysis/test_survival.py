"""Onsets by hand; Kaplan-Meier and Aalen-Johansen against textbooks and against another way to the same curves."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from vigan.analysis.exact import share_interval
from vigan.analysis.survival import (
    EventTime,
    collapse_onset,
    cumulative_incidence,
    divergence,
    kaplan_meier,
    time_to_reach,
)
from vigan.metrics.validate import MetricError

RULE = {"below": 0.5, "relative_to": "running-maximum", "consecutive": 2, "once_above": 4.0}
values = st.lists(st.integers(0, 8) | st.just(math.nan), min_size=1, max_size=12)
lives = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=10)


def _onset(scores, **change):
    return collapse_onset(10 * np.arange(len(scores)), scores, **{**RULE, **change})


@pytest.mark.parametrize(
    ("scores", "onset"),
    [
        ([2, 8, 8, 3, 3, 8], EventTime(30, True)),
        ([2, 8, 3, 8, 3, 3], EventTime(40, True)),
        ([2, 8, 8, 4, 4, 4], EventTime(50, False)),
        ([2, 8, 8, 8, 8, 3], EventTime(50, False)),
        ([3, 1, 1, 1, 1, 1], EventTime(50, False)),
        ([1, 0, 0, 8, 3, 3], EventTime(40, True)),
        ([4, 1, 1, 8, 8, 8], EventTime(10, True)),
        ([3, 5, 2, 2, 8, 8], EventTime(20, True)),
        ([0], EventTime(0, False)),
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
    assert _onset([8, 5, 5, 3, 3], relative_to=8.0) == EventTime(30, True)
    assert _onset([5, 2, 2, 2, 2], relative_to=3.0) == EventTime(40, False)


@pytest.mark.parametrize("lost", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("scores", "onset"),
    [
        ([8, 8], EventTime(30, False)),
        ([8, 3], EventTime(30, False)),
        ([8, 3, 3], EventTime(10, True)),
        ([0, 0], EventTime(30, False)),
    ],
)
def test_a_value_that_is_not_finite_is_neither_low_nor_the_end_of_a_stretch(scores, onset, lost) -> None:
    assert _onset([*scores, lost, 8][:4]) == onset


@pytest.mark.parametrize("lost", [math.nan, math.inf, -math.inf])
def test_a_run_diverges_at_its_first_value_that_is_not_finite(lost) -> None:
    assert divergence([0, 10, 20, 30], [8, lost, 8, lost]) == EventTime(10, True)
    assert divergence([0, 10], [lost, lost]) == EventTime(0, True)
    assert divergence([0, 10], [8, 0]) == EventTime(10, False)


@pytest.mark.parametrize(("after", "onset"), [(0, 10), (10, 10), (15, 20), (20, 20), (25, None), (30, None)])
def test_evaluations_count_from_a_given_step_on_and_it_itself(after, onset) -> None:
    found = _onset([8, 3, 3, 3], after=after)
    assert found == (EventTime(30, False) if onset is None else EventTime(onset, True))


def test_the_maximum_of_a_run_is_that_of_all_that_came_before() -> None:
    assert _onset([8, 8, 3, 3], after=20) == EventTime(20, True)


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
        ([1, 5, 3, 6], "higher", EventTime(10, True)),
        ([9, 6, 5, 2], "lower", EventTime(20, True)),
        ([1, 2, 4, 4], "higher", EventTime(30, False)),
        ([math.nan, math.inf, 4, math.nan], "higher", EventTime(30, False)),
        ([math.nan, -math.inf, 7, 5], "lower", EventTime(30, True)),
    ],
)
def test_the_target_is_reached_at_the_first_value_at_or_beyond_it(scores, better, reached) -> None:
    assert time_to_reach(10 * np.arange(4), scores, target=5.0, better=better) == reached


@pytest.mark.parametrize("call", [
    lambda steps, scores: collapse_onset(steps, scores, **RULE),
    divergence,
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


def _redistributed(times, causes):
    """Efron 1967: whoever is lost leaves his weight to those still watched; (time, weight) of every event by cause."""
    order = sorted(range(len(times)), key=lambda run: (times[run], causes[run] == ""))
    weights = [Fraction(1, len(times))] * len(times)
    found = {}
    for place, run in enumerate(order):
        if causes[run]:
            found.setdefault(causes[run], []).append((times[run], weights[run]))
            continue
        for later in order[place + 1 :]:
            weights[later] += weights[run] / (len(order) - place - 1)
    return found


def _share_by(events, time):
    return float(sum((weight for at, weight in events if at <= time), start=Fraction(0)))


@given(lives)
def test_kaplan_meier_leaves_the_weight_of_the_lost_to_those_still_watched(runs) -> None:
    times, observed = zip(*runs, strict=True)
    events = _redistributed(times, ["struck" if seen else "" for seen in observed]).get("struck", [])
    curve = kaplan_meier(times, observed)
    by_hand = [1 - _share_by(events, time) for time in curve["time"].iloc[1:]]
    assert curve["survival"].tolist() == pytest.approx([1, *by_hand])


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["", "a", "b", "c"])), min_size=1, max_size=12))
def test_incidence_leaves_the_weight_of_the_lost_to_those_still_watched(runs) -> None:
    times, causes = zip(*runs, strict=True)
    by_hand = _redistributed(times, causes)
    table = cumulative_incidence(times, causes)
    rows = [(cause, time) for cause, events in by_hand.items() for time in sorted({time for time, _ in events})]
    assert sorted(zip(table["cause"], table["time"], strict=True)) == sorted(rows)
    for row in table.itertuples():
        assert row.incidence == pytest.approx(_share_by(by_hand[row.cause], row.time))
        assert row.low - 1e-12 <= row.incidence <= row.high + 1e-12


def test_incidence_of_competing_ends_worked_by_hand() -> None:
    """Ten runs: 2 collapse at 1; of the 8 left 1 is lost at 1; 1 of 7 diverges at 2, 2 of 6 collapse at 3."""
    times = [1, 1, 1, 2, 3, 3, 4, 4, 4, 4]
    causes = ["collapsed", "collapsed", "", "diverged", "collapsed", "collapsed", "", "", "", ""]
    table = cumulative_incidence(times, causes).set_index(["cause", "time"])["incidence"]
    assert table["collapsed", 1] == pytest.approx(0.2)
    assert table["diverged", 2] == pytest.approx(0.8 / 7)
    assert table["collapsed", 3] == pytest.approx(0.2 + 0.8 * (6 / 7) * (2 / 6))


def test_incidence_by_lifelines() -> None:
    """AalenJohansenFitter of lifelines 0.30.3 on these distinct times (event_of_interest 1 and 2)."""
    times, causes = range(1, 11), ["a", "", "b", "a", "", "b", "", "a", "a", ""]
    table = cumulative_incidence(times, causes)
    assert table[table["cause"] == "a"]["incidence"].tolist() == pytest.approx([0.1, 0.2125, 0.3925, 0.5725])
    assert table[table["cause"] == "b"]["incidence"].tolist() == pytest.approx([0.1125, 0.2475])


def test_ends_of_all_causes_and_survival_make_1() -> None:
    rng = np.random.default_rng(0)
    times, causes = rng.integers(1, 20, 40), rng.choice(["", "a", "b"], 40)
    last = cumulative_incidence(times, causes).groupby("cause")["incidence"].max().sum()
    assert last + kaplan_meier(times, causes != "")["survival"].iloc[-1] == pytest.approx(1)


def test_without_the_lost_incidence_is_a_share_with_its_interval() -> None:
    table = cumulative_incidence([5, 5, 3, 9], ["a", "b", "a", ""]).set_index(["cause", "time"])
    assert tuple(table.loc[("a", 3)]) == pytest.approx(share_interval(1, 4)[:3])
    assert tuple(table.loc[("a", 5)]) == pytest.approx(share_interval(2, 4)[:3])
    assert tuple(table.loc[("b", 5)]) == pytest.approx(share_interval(1, 4)[:3])


def test_the_lost_count_as_spared_for_the_lower_end_and_as_struck_for_the_upper() -> None:
    row = cumulative_incidence([1, 2, 3, 4], ["", "", "a", ""]).iloc[0]
    assert (row["low"], row["high"]) == (share_interval(1, 4).low, share_interval(3, 4).high)
    curve = kaplan_meier([1, 2, 3, 4], [False, False, True, False]).set_index("time").loc[3]
    assert (curve["low"], curve["high"]) == (share_interval(1, 4).low, 1 - share_interval(1, 4).low)


def test_nothing_that_came_has_no_rows() -> None:
    table = cumulative_incidence([1, 2], ["", ""])
    assert table.empty
    assert list(table) == ["cause", "time", "incidence", "low", "high"]


def test_kaplan_meier_starts_at_1_and_is_sure_of_no_more_than_so_many_runs_allow() -> None:
    curve = kaplan_meier([2, 3, 5], [False, True, False])
    assert curve["time"].tolist() == [0, 2, 3, 5]
    assert curve["survival"].tolist() == [1, 1, 0.5, 0.5]
    assert curve["at_risk"].tolist() == [3, 3, 2, 1]
    assert curve["low"].tolist() == [share_interval(count, 3).low for count in (3, 3, 1, 1)]
    assert curve["high"].tolist() == [1 - share_interval(count, 3).low for count in (0, 0, 1, 1)]


def test_kaplan_meier_starts_before_an_event_at_step_0() -> None:
    curve = kaplan_meier([0, 5, 5], [True, False, False])
    assert curve["time"].tolist() == [0, 0, 5]
    assert curve.loc[0, ["survival", "low", "high"]].tolist() == [1, share_interval(3, 3).low, 1]
    assert curve.loc[1, "survival"] == pytest.approx(2 / 3)
    assert curve.loc[1, "low"] == share_interval(2, 3).low


def test_kaplan_meier_has_an_interval_also_once_nobody_is_left() -> None:
    last = kaplan_meier([1, 2], [True, True]).iloc[-1]
    assert last["survival"] == last["low"] == 0
    assert last["high"] == pytest.approx(1 - share_interval(2, 2).low)


@given(lives)
def test_kaplan_meier_falls_from_1_within_its_interval(runs) -> None:
    curve = kaplan_meier(*zip(*runs, strict=True))
    survival = curve["survival"].to_numpy()
    assert survival[0] == 1
    assert (np.diff(survival) <= 0).all()
    assert survival[-1] >= 0
    assert ((curve["low"] <= survival + 1e-12) & (survival - 1e-12 <= curve["high"])).all()
    assert (curve["high"] - curve["low"] > 0.05).all()


@pytest.mark.parametrize("n", [3, 6, 8])
@pytest.mark.parametrize("chance", [0.05, 0.3, 0.5, 0.9])
def test_the_interval_of_a_curve_covers_at_every_n(n: int, chance: float) -> None:
    """Exactly, over all counts of runs struck at 1; the rest are watched up to 2."""
    covered = 0.0
    for struck in range(n + 1):
        curve = kaplan_meier([1] * struck + [2] * (n - struck), [True] * struck + [False] * (n - struck))
        at_1 = curve[curve["time"] <= 1].iloc[-1]
        covered += binom.pmf(struck, n, chance) * (at_1["low"] <= 1 - chance <= at_1["high"])
    assert covered >= 0.95


@pytest.mark.parametrize(
    ("times", "observed", "why"),
    [([], [], "expected one row"), ([1, 2], [True], "expected one row"), ([-1], [True], "negative"),
     ([math.nan], [True], "not finite")],
)  # fmt: skip
def test_times_that_are_none_are_refused(times, observed, why) -> None:
    causes = ["struck" if seen else "" for seen in observed]
    for call in (lambda: kaplan_meier(times, observed), lambda: cumulative_incidence(times, causes)):
        with pytest.raises(MetricError, match=why):
            call()
