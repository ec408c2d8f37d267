"""What became of every run counts: one that failed is no run less, and nobody is as good for failing alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vigan.analysis.claim_table import claim_table
from vigan.analysis.given_table import long_table as given
from vigan.analysis.given_table import real_values
from vigan.analysis.measured import measured

from .studied import COLLAPSE, FALLS, FLOORS, GOOD, MEAN, NEVER, SHARE, SHARES, SIGN, TIME, measurements, study_of

SEQUENTIAL = {"sampling": "sequential"}
NAN = float("nan")
INFINITE = float("inf")
"""A divergence: an empty value was not measured."""
Ends = Sequence[tuple[int, float]]


def _judged(claim: Mapping[str, Any], runs: Mapping[str, Sequence[Ends]], **status: str) -> dict[str, Any]:
    """The row of a claim by a table of numbers: the (step, value) of each run; `status` of an arm's runs."""
    rows = [
        (arm, seed, step, "fair_modes", value, status.get(arm, "completed"))
        for arm, own in runs.items() for seed, ends in enumerate(own) for step, value in ends
    ]  # fmt: skip
    study = study_of(claim, seeds=max(map(len, runs.values())))
    table = given(study, pd.DataFrame(rows, columns=["arm", "seed", "step", "metric", "value", "status"]))
    found = measured(table, real_values(study, table, FLOORS), study.experiments)
    return claim_table(study, found).iloc[0].to_dict()


def _whole(values: Sequence[float]) -> Ends:
    return list(zip((0, 20, 40, 60), values, strict=True))


@pytest.mark.parametrize("last", [40, 60])
def test_a_run_that_is_said_to_have_diverged_came_to_a_bad_end_whatever_its_numbers_are(last: int) -> None:
    """Twelve diverged runs were twelve without a bad end: SUPPORTED."""
    runs = {
        "plain": [_whole(FALLS)] * 12,
        "regularised": [[one for one in _whole(GOOD) if one[0] <= last]] * 12,
    }
    found = _judged(SHARE, runs, regularised="diverged")
    assert found["fates"] == "regularised 12/12; plain 12/12"
    assert found["verdict"] == "contradicted"
    assert _judged({**SHARES, "event": "bad-end"}, runs, regularised="diverged")["estimate"] == 0


@pytest.mark.parametrize("claim", [SIGN, MEAN])
@pytest.mark.parametrize("first", [[], [(0, 1.0)]])
def test_a_run_that_never_had_a_finite_value_is_worse_than_any(claim: Mapping[str, Any], first: Ends) -> None:
    """Half of the runs diverged, and the other half alone were judged: SUPPORTED."""
    runs = {
        "plain": [[*first, (60, 5.0)]] * 24,
        "regularised": [[*first, (60, INFINITE if seed % 2 else 8.0)] for seed in range(24)],
    }
    found = _judged({**claim, **SEQUENTIAL}, runs)
    assert (found["n"], found["verdict"]) == (24, "inconclusive")
    assert (
        _judged({**claim, **SEQUENTIAL}, {**runs, "regularised": [[(60, INFINITE)]] * 24})["verdict"] == "contradicted"
    )


def test_runs_that_were_begun_and_not_finished_are_not_left_out_of_a_sequential_rule() -> None:
    """Twelve of 24 runs had been killed, and the others were judged: SUPPORTED, without a word of them."""
    runs = {
        "plain": [_whole((0.0, 5.0, 5.0, 5.0))] * 24,
        "regularised": [_whole(GOOD)[: 2 if seed % 2 else 4] for seed in range(24)],
    }
    found = _judged({**SIGN, **SEQUENTIAL}, runs)
    assert found["verdict"] == "inconclusive"
    assert (
        found["reason"]
        == "12 of the 24 seeds that the rule names: runs of 12 ended early, or lack the number that the rule reads."
    )
    not_begun = {arm: [*own[:12], *[[]] * 12] for arm, own in {**runs, "regularised": [_whole(GOOD)] * 12}.items()}
    found = _judged({**SIGN, **SEQUENTIAL}, not_begun)
    assert found["verdict"] == "supported"
    assert found["reason"].endswith("12 of the 24 seeds that the study names.")


def _picked(first: Sequence[Ends], second: Sequence[Ends]) -> dict[str, list[Ends]]:
    """All runs of an arm, and of another those of the seeds in which the first ends with less than two."""
    chosen = [ends if before[-1][1] < 2 else [] for before, ends in zip(first, second, strict=True)]
    return {"plain": list(first), "regularised": chosen}


@pytest.mark.parametrize("claim", [SHARES, MEAN, SIGN, {**SHARE, "arm": "plain", "control": "regularised"}])
def test_pairs_that_were_picked_by_what_one_arm_did_wait_for_the_others(claim: dict[str, Any]) -> None:
    """Of 64 seeds both arms lost half; of those that the first had lost the second had a run: SUPPORTED."""
    claim = {
        **claim,
        **SEQUENTIAL,
        **({"event": "bad-end", "beyond": "zero"} if claim["test"] == "paired-shares" else {}),
    }
    first = [_whole(FALLS if seed % 2 else GOOD) for seed in range(64)]
    second = [_whole(FALLS if seed % 4 < 2 else GOOD) for seed in range(64)]
    found = _judged(claim, _picked(first, second))
    assert found["verdict"] == "inconclusive"
    assert "32 were begun in some of its arms alone" in found["reason"]
    assert "begun" not in _judged(claim, {"plain": first, "regularised": second})["reason"]


@pytest.mark.parametrize(
    ("claim", "courses"),
    [
        ({**TIME, "event": "reach", "direction": "sooner"}, {"plain": [NEVER] * 20, "regularised": [NEVER] * 20}),
        ({**SHARES, "event": "bad-end"}, {"plain": [FALLS] * 40, "regularised": [FALLS] * 40}),
        ({**SHARES, "event": "reach", "direction": "more"}, {"plain": [NEVER] * 40, "regularised": [NEVER] * 40}),
    ],
)
@pytest.mark.parametrize(("beyond", "would"), [("minus-margin", "supported"), ("zero", "equivalent")])
def test_two_arms_that_fail_are_not_as_good_by_times_and_shares_either(
    claim: dict[str, Any], courses: dict[str, Any], beyond: str, would: str
) -> None:
    seeds = len(courses["plain"])
    claim = {**claim, "beyond": beyond}
    courses = {**courses, "regularised": [GOOD, *courses["regularised"][1:]]}
    study = study_of(claim, seeds=seeds)
    row = claim_table(study, measurements(study, courses)).iloc[0]
    assert row["verdict"] != would
    assert "Both arms fail" in row["reason"]
    well = {arm: [GOOD if claim["event"] == "reach" else FALLS, *[GOOD] * (seeds - 1)] for arm in courses}
    assert claim_table(study, measurements(study, well)).iloc[0]["verdict"] == would


def test_that_a_run_was_never_on_track_is_known_when_it_had_to_be() -> None:
    """Within half of training none of ten runs had come to a bad end, for that was known at the end: SUPPORTED."""
    claim = {**SHARE, "by": 0.7}
    study = study_of(claim, seeds=10, collapse={**COLLAPSE, "on_track_by": 0.7})
    found = measurements(study, {"plain": [FALLS] * 10, "regularised": [NEVER] * 10})
    ends = found.events[(found.events["arm"] == "regularised") & (found.events["event"] == "bad-end")]
    assert set(ends["step"]) == {40}
    row = claim_table(study, found).iloc[0]
    assert (row["fates"], row["verdict"]) == ("regularised 10/10; plain 10/10", "contradicted")


def test_a_run_that_diverges_after_it_had_to_be_on_track_was_never_on_track() -> None:
    study = study_of(collapse={**COLLAPSE, "on_track_by": 0.4}, seeds=2)
    found = measurements(study, {"plain": [(0.0, 1.0, 1.0, NAN), (0.0, NAN, NAN, NAN)], "regularised": [GOOD] * 2})
    ends = found.events[(found.events["arm"] == "plain") & (found.events["event"] == "bad-end")]
    assert list(zip(ends["step"], ends["cause"], strict=True)) == [(20, "never on track"), (20, "diverged")]
    assert np.all(ends["observed"])


OTHER = "high_quality"


def _with_other(
    study: Any,
    rows: Sequence[tuple[str, int, int, str, float]],
    shuffled: int | None = None,
    floors: pd.DataFrame = FLOORS,
) -> dict[str, Any]:
    """The row of the first claim by a table of two metrics, in any order."""
    frame = pd.DataFrame(rows, columns=["arm", "seed", "step", "metric", "value"])
    frame = frame if shuffled is None else frame.sample(frac=1.0, random_state=shuffled)
    table = given(study, frame)
    found = measured(table, real_values(study, table, floors), study.experiments)
    return claim_table(study, found).iloc[0].to_dict()


def _rows(courses: Mapping[str, Ends], metric: str, seeds: Sequence[int] = range(12)) -> list[Any]:
    return [(arm, seed, step, metric, value) for seed in seeds for arm, own in courses.items() for step, value in own]


@pytest.mark.parametrize("kept", [[], [(0, 5.0)]])
def test_a_number_that_nobody_measured_is_not_the_worst_there_is(kept: Ends) -> None:
    """Of ten runs the metric was left out, another was there: the verdict became its opposite."""
    other = _rows({arm: [(0, 0.5), (60, 0.5)] for arm in ("plain", "regularised")}, OTHER)
    ends = {"plain": [(0, 5.0), (60, 5.0)], "regularised": [(0, 3.0), (60, 3.0)]}
    whole = _with_other(study_of(SIGN, seeds=12), [*_rows(ends, "fair_modes"), *other])
    assert whole["verdict"] == "contradicted"
    lacking = [
        *_rows({"plain": kept}, "fair_modes", range(2, 12)),
        *_rows({"plain": ends["plain"]}, "fair_modes", (0, 1)),
    ]
    left = [*lacking, *_rows({"regularised": ends["regularised"]}, "fair_modes"), *other]
    for claim in (SIGN, {**SIGN, **SEQUENTIAL}):
        found = _with_other(study_of(claim, seeds=12), left)
        assert (found["n"], found["verdict"]) == (2, "inconclusive")
        assert found["reason"].startswith("2 of the 12 seeds that the rule names")


@pytest.mark.parametrize("shuffled", [None, 0, 1])
@pytest.mark.parametrize(
    ("courses", "others"),
    [
        ({"plain": _whole(FALLS), "regularised": [(0, 0.0), (40, 7.0), (60, 8.0)]}, (0, 20, 40, 60)),
        ({"plain": _whole(FALLS), "regularised": _whole(GOOD)}, (0, 20, 40)),
        ({"plain": _whole(FALLS), "regularised": _whole(GOOD)}, (60,)),
    ],
)
def test_another_metric_on_other_steps_changes_no_verdict(courses: Any, others: Any, shuffled: int | None) -> None:
    """A step without the rule's metric was read as a value that is not finite; the order of rows decided."""
    rows = _rows(courses, "fair_modes")
    rows += _rows({arm: [(step, 0.5) for step in others] for arm in courses}, OTHER)
    found = _with_other(study_of(SHARE, seeds=12), rows, shuffled)
    assert (found["verdict"], found["fates"]) == ("supported", "regularised 0/12; plain 12/12")


@pytest.mark.parametrize("rule", [COLLAPSE, {**COLLAPSE, "on_track_by": 0.5}])
@pytest.mark.parametrize("first", [20, 60])
def test_a_run_that_was_not_measured_before_training_is_neither_on_track_nor_never(rule: Any, first: int) -> None:
    """Its first number was taken for that before training: well as it was, it came to a bad end."""
    late = [one for one in _whole((0.0, 7.0, 7.4, 7.4)) if one[0] >= first]
    study = study_of(SHARE, seeds=12, collapse=rule)
    found = _with_other(study, _rows({"plain": _whole(FALLS), "regularised": late}, "fair_modes"))
    assert (found["verdict"], found["n"]) == ("not tested", 0)
    assert "lack the number before training that the rule reads" in found["reason"]


def test_a_run_that_diverged_is_watched_to_the_end_of_training() -> None:
    """Its training was as long as its numbers: half of that was sooner than a third of another's."""
    early, later = [(0, 0.0), (10, 5.0), (20, INFINITE)], [(0, 0.0), (10, 1.0), (20, 2.0), (30, 5.0), (60, 7.0)]
    claim = {**TIME, "event": "reach", "direction": "sooner"}
    found = _with_other(study_of(claim, seeds=12), _rows({"plain": later, "regularised": early}, "fair_modes"))
    assert found["median_difference"] == pytest.approx(10 / 60 - 30 / 60)


def test_a_control_that_lacks_seeds_shows_nothing_yet() -> None:
    """One run of twelve failed, and the arm passed for stable."""
    rows = _rows({"regularised": _whole(GOOD)}, "fair_modes") + _rows({"plain": _whole(FALLS)}, "fair_modes", [3])
    found = _with_other(study_of(SHARE, seeds=12), rows)
    assert found["verdict"] == "inconclusive"
    assert "its control lacks 11 of its own" in found["reason"]


@pytest.mark.parametrize("known", [0, 1, 8])
@pytest.mark.parametrize("sampling", ["fixed", "sequential"])
def test_a_control_whose_runs_lack_the_event_s_number_shows_nothing_of_them(sampling: str, known: int) -> None:
    """Four of twelve runs of the control were measured by another number alone, and counted as without a bad end."""
    reach = {"metric": "high_quality", "protocol": "toy-modes", "share": 0.5}
    study = study_of({**SHARE, "sampling": sampling}, seeds=12, reach=reach)
    good = [(step, min(1.0, step / 20)) for step in (0, 20, 40, 60)]
    rows = _rows({"plain": good, "regularised": good}, "high_quality") + _rows(
        {"regularised": _whole(GOOD)}, "fair_modes"
    )
    rows += _rows({"plain": _whole(FALLS)}, "fair_modes", range(known))
    floors = pd.concat([FLOORS, FLOORS.iloc[:1].assign(metric="high_quality", value=1.0)])
    found = _with_other(study, rows, floors=floors)
    assert found["verdict"] == "inconclusive"
    assert found["fates"] == f"regularised 0/12; plain {known}/{known}"
    assert f"its control lacks {12 - known} of its own" in found["reason"]


def test_seeds_that_no_two_arms_share_are_told_from_runs_that_were_not_made() -> None:
    ends = [(0, 1.0), (60, 5.0)]
    rows = _rows({"plain": ends}, "fair_modes", range(6)) + _rows({"regularised": ends}, "fair_modes", range(6, 12))
    assert _with_other(study_of(SIGN, seeds=12), rows)["reason"] == "No seed has a run of both arms."
    alone = _with_other(study_of(SIGN, seeds=12), _rows({"plain": ends}, "fair_modes"))
    assert alone["reason"] == "No seed has a run of both arms."


def test_runs_that_were_measured_at_other_steps_are_compared_at_those_they_share() -> None:
    """The same course, measured from a later step on, had a better mean over training, and more often a better best."""
    often = [(0, 0.0), (10, 8.0), (20, 4.0), (40, 4.0), (60, 4.0)]
    seldom = [one for one in often if one[0] >= 20]
    for score in ("area", "best"):
        study = study_of({**SIGN, "score": score, "margin": 0.5}, seeds=12)
        found = _with_other(study, _rows({"plain": often, "regularised": seldom}, "fair_modes"))
        assert found["median_difference"] == 0


@pytest.mark.parametrize("other", [("third", 0), ("plain", 999)])
def test_a_run_that_a_claim_does_not_compare_takes_no_step_from_it(other: tuple[str, int]) -> None:
    """One number of another arm, or of a seed that the study does not name, made the claim's runs equivalent."""
    courses = {"plain": _whole((0.0, 1.0, 1.0, 5.0)), "regularised": _whole((0.0, 6.0, 7.0, 5.0))}
    arms = {**study_of(SIGN).model_dump(mode="json")["experiments"]["circle"]["arms"]}
    study = study_of({**SIGN, "score": "area"}, seeds=12, arms={**arms, "third": arms["plain"]}, shared={})
    rows = _rows(courses, "fair_modes")
    alone, beside = (_with_other(study, some) for some in (rows, [*rows, (*other, 60, "fair_modes", 5.0)]))
    assert alone["verdict"] == beside["verdict"] == "supported"
    assert alone["estimate"] == beside["estimate"]


def test_what_is_compared_is_what_is_told_to_fail() -> None:
    """Forty more runs of one arm collapsed; of the eight that are compared none was ever on track."""
    study = study_of(SHARES, more_seeds={"plain": list(range(8, 48))})
    data = measurements(study, {"plain": [NEVER] * 8 + [FALLS] * 40, "regularised": [FALLS] * 8})
    found = claim_table(study, data).iloc[0]
    assert found["verdict"] == "not testable here"
    assert found["reason"].startswith("Only 0 of 8 runs of plain got on track")


def test_runs_that_were_well_until_they_diverged_were_not_at_the_worst_all_along() -> None:
    dead = (0.0, 8.0, 8.0, NAN)
    study = study_of(SIGN)
    found = claim_table(study, measurements(study, {"plain": [dead] * 8, "regularised": [dead] * 8})).iloc[0]
    assert found["verdict"] == "contradicted"
    assert "Both arms fail" in found["reason"]
    assert "at all times" not in found["reason"]


def test_a_metric_that_a_rule_does_not_read_may_end_early() -> None:
    """One other number of one run, up to step 40, and no bet was judged any more."""
    ends = {"plain": [(0, 5.0), (60, 5.0)], "regularised": [(0, 5.0), (60, 7.0)]}
    rows = [*_rows(ends, "fair_modes", range(11)), ("plain", 0, 40, OTHER, 0.5)]
    found = _with_other(study_of({**SIGN, **SEQUENTIAL}, seeds=12), rows)
    assert (found["verdict"], found["n"]) == ("supported", 11)
    collapse = {"plain": _whole(FALLS), "regularised": _whole(GOOD)}
    rows = [*_rows(collapse, "fair_modes", range(11)), ("plain", 0, 40, OTHER, 0.5)]
    assert _with_other(study_of({**SHARES, **SEQUENTIAL}, seeds=12), rows)["verdict"] == "supported"


@pytest.mark.parametrize("sampling", [{}, SEQUENTIAL])
def test_what_lacks_runs_is_not_told_to_be_untestable_by_the_few_that_are_there(sampling: Mapping[str, str]) -> None:
    """Two of twelve seeds were made, and none of the control: it was no more frequent without what is studied."""
    few = _with_other(study_of({**SHARES, **sampling}, seeds=12), _rows(
        {"plain": _whole(GOOD), "regularised": _whole(GOOD)}, "fair_modes", range(2)
    ))  # fmt: skip
    assert few["verdict"] == ("not testable here" if sampling else "inconclusive")
    assert "2 of the 12 seeds" in few["reason"]
    alone = _with_other(study_of({**SHARE, **sampling}, seeds=12), _rows({"regularised": _whole(GOOD)}, "fair_modes"))
    assert alone["verdict"] == "inconclusive"
    assert "its control lacks 12 of its own" in alone["reason"]


@pytest.mark.parametrize("claim", [SIGN, MEAN])
def test_runs_that_all_diverged_before_their_first_number_were_made(claim: Mapping[str, Any]) -> None:
    """Of no seed had a run been made, it said of 24."""
    rows = _rows({arm: [(60, INFINITE)] for arm in ("plain", "regularised")}, "fair_modes")
    found = _with_other(study_of(claim, seeds=12), rows)
    assert (found["verdict"], found["n"]) == ("not testable here", 12)
    assert found["reason"].startswith("In most runs of every arm")


def test_logs_that_begin_late_are_judged_by_a_level_in_place_of_a_start() -> None:
    rules: dict[str, Any] = {"collapse": {**COLLAPSE, "protocol": "elsewhere", "metric": "share", "once_above": 0.5}}
    arms = {arm: {"from": f"{arm}.csv"} for arm in ("plain", "regularised")}
    never, fell = [(20, 0.1), (40, 0.2), (60, 0.1)], [(20, 0.8), (40, 0.2), (60, 0.1)]
    for course, verdict in ((fell, "supported"), (never, "not testable here")):
        study = study_of(SHARES, seeds=12, **rules, reach=None, arms=arms, shared={}, protocols=[{"kind": "elsewhere"}])
        rows = _rows({"plain": course, "regularised": [(20, 0.8), (40, 0.9), (60, 0.9)]}, "share")
        assert _with_other(study, rows)["verdict"] == verdict
