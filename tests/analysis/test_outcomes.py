"""One outcome a seed: what counts as which difference, in which order, and which seeds are left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from vigan.analysis.fates import Fate, fates
from vigan.analysis.outcomes import Differences, Measurements, Occurrences, Outcome, difference_summary, outcome
from vigan.config.claims import Untested
from vigan.config.study import Study

from .studied import (
    DIES,
    FALLS,
    GOOD,
    MEAN,
    NAN,
    NEVER,
    OFTEN,
    PROTOCOL,
    SHARE,
    SHARES,
    SIGN,
    TIME,
    Courses,
    measurements,
    study_of,
    three_arms,
)

BAD_END = {**SHARES, "event": "bad-end"}
SCORED = pytest.mark.parametrize("row", [SIGN, MEAN], ids=lambda row: row["id"])


FLAT = (0.0, 0.0, 0.0, 0.0)
FAILING: Courses = {arm: [FLAT] * 3 for arm in ("plain", "regularised")}


def _of(row: dict[str, Any], courses: Courses, data: Measurements | None = None, study: Study | None = None) -> Outcome:
    study = study or study_of(row)
    (claim,) = study.claims
    assert not isinstance(claim, Untested)
    home = study.experiments["circle"]
    return outcome(claim, home, study.datasets["ring"], data or measurements(study, courses), study.seeds_for(claim))


def _differences(row: dict[str, Any], courses: Courses) -> list[float]:
    found = _of(row, courses)
    assert isinstance(found, Differences)
    return found.values.tolist()


def _occurrences(row: dict[str, Any], courses: Courses) -> tuple[list[bool], list[bool]]:
    found = _of(row, courses)
    assert isinstance(found, Occurrences)
    return found.first.tolist(), found.second.tolist()


def _ends(*last: float) -> list[tuple[float, ...]]:
    return [(0.0, 6.0, 7.0, value) for value in last]


@SCORED
def test_differences_are_second_minus_first_seed_by_seed(row: dict[str, Any]) -> None:
    assert _differences(row, {"plain": _ends(8, 2, 5), "regularised": _ends(8, 6, 4)}) == [0, 4, -1]


@pytest.mark.parametrize(("score", "expected"), [("last", -6.0), ("best", 2.0), ("area", -6 * 10 / 60 + 2 * 20 / 60)])
def test_the_score_that_the_claim_names_is_compared(score: str, expected: float) -> None:
    courses = {"plain": [(0.0, 4.0, 6.0, 6.0)], "regularised": [(0.0, 4.0, 8.0, 0.0)]}
    assert _differences({**MEAN, "score": score}, courses) == pytest.approx([expected])


@pytest.mark.parametrize("score", ["last", "best", "area"])
def test_a_run_that_diverged_is_the_worst_by_every_score(score: str) -> None:
    """The best value that it had while it lived does not count."""
    courses = {"plain": [(0.0, 2.0, 2.0, 2.0)], "regularised": [DIES]}
    assert _differences({**MEAN, "score": score}, courses)[0] < 0


@SCORED
def test_a_run_that_diverged_has_the_worst_value_there_is_and_two_do_not_differ(row: dict[str, Any]) -> None:
    courses = {"plain": [DIES, GOOD, DIES], "regularised": [GOOD, DIES, DIES]}
    assert _differences(row, courses) == [8, -8, 0]


@SCORED
@pytest.mark.parametrize(
    ("plain", "regularised", "said"),
    [
        ((0, 0, 0), (0, 0.5, 0), "worst"),
        ((0, 0, 5), (0, 0, 5), "worst"),
        ((0, 0, 5), (0, 5, 5), ""),
        ((0, 1, 1), (0, 0, 0), ""),
        ((8, 8, 8), (8, 8, 7.5), "best"),
        ((8, 8, 7), (8, 7, 7), ""),
    ],
)
def test_arms_are_alike_in_failing_or_at_the_top_if_most_runs_of_both_are_within_the_margin_of_it(
    row: dict[str, Any], plain: tuple[float, ...], regularised: tuple[float, ...], said: str
) -> None:
    found = _of(row, {"plain": _ends(*plain), "regularised": _ends(*regularised)})
    assert isinstance(found, Differences)
    assert found.near == said


@SCORED
@pytest.mark.parametrize(("third", "said"), [(FLAT, "all worst"), ((0.0, 6.0, 7.0, 0.0), "worst")])
def test_arms_that_fail_where_one_has_ever_learned_are_told_from_such_as_never_did(
    row: dict[str, Any], third: tuple[float, ...], said: str
) -> None:
    """One in three runs that learned does not show that an arm did."""
    study = three_arms(row)
    found = _of(row, {}, measurements(study, {**FAILING, "third": [FLAT, third, third]}), study)
    assert isinstance(found, Differences)
    assert found.near == said
    lucky = _of(row, {}, measurements(study, {**FAILING, "third": [FLAT, FLAT, third]}), study)
    assert isinstance(lucky, Differences)
    assert lucky.near == "all worst"


@SCORED
def test_runs_that_diverged_fail_alike(row: dict[str, Any]) -> None:
    found = _of(row, {"plain": [DIES] * 3, "regularised": [DIES, DIES, GOOD]})
    assert isinstance(found, Differences)
    assert found.near == "worst"


def test_where_low_is_good_the_worst_is_the_highest_value() -> None:
    study = study_of({**MEAN, "metric": "reverse_kl", "direction": "lower"})
    scores = measurements(study, {"plain": [DIES], "regularised": [GOOD]}).scores.assign(metric="reverse_kl", last=0.5)
    scores.loc[scores["arm"] == "plain", "last"] = NAN
    found = _of({**MEAN, "metric": "reverse_kl"}, {}, Measurements(scores, pd.DataFrame()))
    assert isinstance(found, Differences)
    assert found.values == pytest.approx(0.5 - np.log(8))
    assert found.largest == pytest.approx(np.log(8))


def test_without_bounds_a_run_that_diverged_is_worse_than_any_by_more_than_any_margin() -> None:
    study = study_of(SIGN)
    home = study.experiments["circle"]
    images = home.model_copy(update={"protocols": (home.protocols[0].model_copy(update={"kind": "efflite0-128"}),)})
    claim = study.claims[0].model_copy(update={"metric": "frechet", "protocol": "efflite0-128"})
    courses = {"plain": [DIES, GOOD, DIES], "regularised": [GOOD, DIES, DIES]}
    scores = measurements(study, courses).scores.assign(metric="frechet", protocol=images.protocols[0].name)
    assert not isinstance(claim, Untested)
    found = outcome(claim, images, study.datasets["ring"], Measurements(scores, pd.DataFrame()), range(3))
    assert isinstance(found, Differences)
    assert found.values.tolist() == [-np.inf, np.inf, 0.0]
    assert found.largest == np.inf
    assert found.near == "worst"


def test_outcomes_come_in_the_order_of_the_rules_seeds_whatever_that_of_the_rows() -> None:
    courses = {"plain": _ends(1, 2, 3), "regularised": _ends(2, 4, 6)}
    study = study_of(SIGN)
    data = measurements(study, courses)
    mixed = Measurements(data.scores.iloc[::-1], data.events.iloc[::-1])
    (claim,) = study.claims
    assert not isinstance(claim, Untested)
    home, ring = study.experiments["circle"], study.datasets["ring"]
    found = outcome(claim, home, ring, mixed, (2, 0, 1))
    assert isinstance(found, Differences)
    assert found.values.tolist() == [3, 1, 2]


@pytest.mark.parametrize("row", [SIGN, MEAN, TIME, SHARES], ids=lambda row: row["id"])
def test_seeds_that_one_arm_lacks_are_left_out(row: dict[str, Any]) -> None:
    courses = {"plain": [GOOD, FALLS, FALLS], "regularised": [GOOD, GOOD]}
    found = _of(row, courses)
    assert len(found[0]) == 2


@pytest.mark.parametrize("row", [SIGN, MEAN, TIME, SHARES, OFTEN], ids=lambda row: row["id"])
def test_seeds_that_the_rule_does_not_name_are_left_out(row: dict[str, Any]) -> None:
    courses = {"plain": [FALLS] * 10, "regularised": [GOOD] * 10}
    assert len(_of(row, courses)[0]) == 8


def test_the_same_metric_by_another_protocol_is_not_read() -> None:
    study = study_of(SIGN)
    courses = {"plain": _ends(1), "regularised": _ends(4)}
    data = measurements(study, courses)
    other = data.scores.assign(protocol="toy-modes/n=2500/ref=train", last=0.0)
    found = _of(SIGN, courses, data._replace(scores=pd.concat([other, data.scores])))
    assert isinstance(found, Differences)
    assert found.values.tolist() == [3.0]
    assert set(data.scores["protocol"]) == {PROTOCOL}


def test_times_differ_in_shares_of_training_and_a_run_without_the_event_has_all_of_it() -> None:
    """FALLS collapses at 40 of 60."""
    courses = {"plain": [FALLS, GOOD, FALLS], "regularised": [GOOD, FALLS, FALLS]}
    assert _differences(TIME, courses) == pytest.approx([1 / 3, -1 / 3, 0])


def test_a_run_that_diverged_or_never_learnt_has_not_collapsed_but_come_to_a_bad_end() -> None:
    courses = {"plain": [DIES, NEVER, FALLS], "regularised": [GOOD, GOOD, GOOD]}
    assert _differences(TIME, courses) == pytest.approx([0, 0, 1 / 3])
    assert _occurrences(BAD_END, courses) == ([True, True, True], [False, False, False])


def test_an_event_came_or_did_not_in_either_arm() -> None:
    courses = {"plain": [FALLS, GOOD, DIES, NEVER], "regularised": [GOOD, FALLS, DIES, GOOD]}
    assert _occurrences(SHARES, courses) == ([True, False, False, False], [False, True, False, False])
    assert _occurrences(BAD_END, courses) == ([True, False, True, True], [False, True, True, False])


def test_the_event_of_one_arm_is_not_joined_with_another_arm() -> None:
    courses = {"plain": [FALLS, GOOD, FALLS, FALLS], "regularised": [GOOD]}
    assert _occurrences(OFTEN, courses) == ([True, False, True, True],) * 2
    assert _occurrences(SHARE, courses) == ([False],) * 2


@pytest.mark.parametrize(("by", "came"), [(1.0, True), (0.67, True), (0.66, False)])
def test_only_what_comes_early_enough_counts(by: float, came: bool) -> None:
    assert _occurrences({**OFTEN, "by": by}, {"plain": [FALLS]})[0] == [came]


@pytest.mark.parametrize(("step", "came"), [(29, True), (30, False)])
def test_a_share_of_training_is_a_whole_number_of_steps_whatever_it_is_in_binary(step: int, came: bool) -> None:
    """0.29 x 100 is 28.999999999999996."""
    study = study_of(row := {**OFTEN, "by": 0.29}, snapshots=30)
    data = measurements(study, {"plain": [FALLS]})
    collapsed = data.events["event"] == "collapse"
    data.events.loc[collapsed, ["step", "end"]] = (step, 100)
    assert _of(row, {}, data, study)[0].tolist() == [came]


def test_no_runs_are_no_outcomes() -> None:
    for row in (SIGN, MEAN, TIME, SHARES, OFTEN):
        assert len(_of(row, {"regularised": [GOOD]})[0]) == 0


def test_every_arm_fares_as_its_runs_did() -> None:
    study = study_of()
    data = measurements(study, {"plain": [FALLS, DIES, NEVER, GOOD]})
    found = fates(study.experiments["circle"], data.events)
    assert found["plain"] == Fate(4, {"bad-end": 3, "collapse": 1, "reach": 3})
    assert found["plain"].share("reach") == 0.75
    assert found["regularised"] == Fate(0, {})
    assert found["regularised"].share("reach") == 0.0


def test_what_is_typical_of_differences_is_told_and_of_occurrences_is_not() -> None:
    assert difference_summary(Differences(np.array([3.0, -1.0, 0.0]), 8.0)) == (0.0, -1.0, 3.0)
    assert difference_summary(Differences(np.array([]), 8.0)) is None
    assert str(difference_summary(Differences(np.array([-np.inf, np.inf]), np.inf))) == "(nan, -inf, inf)"
    assert difference_summary(Occurrences(np.array([True]), np.array([True]))) is None


def test_events_may_be_counted_within_a_part_of_training() -> None:
    study = study_of()
    data = measurements(study, {"plain": [FALLS, DIES, NEVER, GOOD]})
    found = fates(study.experiments["circle"], data.events, by=0.5)
    assert found["plain"] == Fate(4, {"bad-end": 0, "collapse": 0, "reach": 3})
