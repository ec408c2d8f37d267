"""When runs get on track, collapse, diverge: by the study's rules, and by others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from vigan.analysis.events import (
    COLLAPSED,
    DIVERGED,
    EVENT_COLUMNS,
    NEVER_ON_TRACK,
    Trajectory,
    events,
    incidence,
    sensitivity,
)
from vigan.analysis.events import survival as survival_table
from vigan.analysis.exact import sign_test
from vigan.analysis.survival import EventTime
from vigan.config.claims import Collapse

from .studied import (
    COLLAPSE,
    DIES,
    FALLS,
    FLOORS,
    GOOD,
    NAN,
    NEVER,
    PROTOCOL,
    REACH,
    Courses,
    long_table,
    study_of,
)

COURSES = {
    "plain": [(0, 8, 3, 2), (0, 8, 6, 7), (0, 6, NAN, NAN)],
    "regularised": [(0, 6, 7, 8), (0, 3, 6, 8), (0, 1, 2, 3)],
}


def _events(courses: Courses = COURSES, **experiment: Any) -> pd.DataFrame:
    study = study_of(**experiment)
    table = events(long_table(courses), FLOORS, study.experiments)
    return table.set_index(["event", "arm", "seed"]).sort_index()


def _end(course: tuple[float, ...], **experiment: Any) -> tuple[int, bool, str]:
    """When one run came to a bad end, whether it did, and to which."""
    row = _events({"plain": [course]}, **experiment).loc[("bad-end", "plain", 0)]
    return int(row["step"]), bool(row["observed"]), str(row["cause"])


def _collapse(course: tuple[float, ...], **experiment: Any) -> tuple[int, bool]:
    row = _events({"plain": [course]}, **experiment).loc[("collapse", "plain", 0)]
    return int(row["step"]), bool(row["observed"])


def test_a_fall_below_half_of_the_runs_own_maximum_is_a_collapse_at_its_first_step() -> None:
    assert _collapse((0, 8, 3, 2)) == (40, True)
    assert _end((0, 8, 3, 2)) == (40, True, COLLAPSED)
    assert _collapse((0, 8, 6, 7)) == (60, False)
    assert _end((0, 8, 6, 7)) == (60, False, "")


def test_a_run_that_was_never_on_track_has_not_collapsed_but_come_to_another_bad_end() -> None:
    fell_from_little = (0.0, 3.0, 0.0, 0.0)
    for course in (NEVER, fell_from_little):
        assert _collapse(course) == (60, False)
        assert _end(course) == (60, True, NEVER_ON_TRACK)


def test_an_early_collapse_is_a_collapse() -> None:
    """C1 once counted a collapse before half of training as none."""
    assert _end((0, 8, 1, 8)) == (40, True, COLLAPSED)
    assert _end((8, 1, 8, 8)) == (20, True, COLLAPSED)
    assert _end((8, 1, 8, 8), collapse={**COLLAPSE, "after": 0.5}) == (60, False, "")


def test_from_a_share_of_training_on_means_from_that_very_step_on() -> None:
    """0.55 x 100 is 55.00000000000001."""
    track = Trajectory((), "plain", np.array([0, 45, 55, 100]), np.array([0.0, 8.0, 1.0, 8.0]), 8.0)
    rule = Collapse(**{**COLLAPSE, "after": 0.55})
    assert track.collapses(rule, EventTime(0, True)) == EventTime(55, True)


def test_a_run_may_get_on_track_late_and_collapse_after_it() -> None:
    assert _collapse((0, 2, 6, 1)) == (60, True)
    assert _collapse((0, 3, 1, 6)) == (60, False)
    assert _end((0, 3, 1, 6)) == (60, False, "")


def test_low_values_before_a_run_was_on_track_do_not_begin_a_collapse() -> None:
    """At 20 it holds less than half of its maximum, at 40 it gets on track, at 60 it falls."""
    assert _collapse((3, 1, 6, 2)) == (60, True)
    assert _collapse((3, 1, 6, 3)) == (60, False)


def test_to_be_low_when_on_track_by_another_metric_is_a_collapse_at_once() -> None:
    """On track by `modes`, low by `fair_modes`, at the same evaluation."""
    reach = {**REACH, "metric": "modes"}
    metrics = pd.concat([
        long_table({"plain": [(6, 2, 2, 2)]}),
        long_table({"plain": [(0, 6, 6, 6)]}, metric="modes").query("metric == 'modes'"),
    ])  # fmt: skip
    table = events(metrics, FLOORS, study_of(reach=reach).experiments).set_index("event")
    assert tuple(table.loc["reach", ["step", "observed"]]) == (20, True)
    assert tuple(table.loc["bad-end", ["step", "cause"]]) == (20, COLLAPSED)


@pytest.mark.parametrize(
    ("course", "end", "on_track"),
    [
        ((0, 6, NAN, NAN), (40, True, DIVERGED), True),
        ((0, 3, NAN, NAN), (40, True, DIVERGED), False),
        ((0, 6, 2, NAN), (40, True, COLLAPSED), True),
        ((NAN,) * 4, (0, True, DIVERGED), False),
    ],
    ids=["on track", "not on track", "collapsed before", "from the start"],
)
def test_a_run_that_diverged_has_come_to_a_bad_end_unless_it_had_collapsed(course, end, on_track) -> None:
    if np.isfinite(course[0]):
        assert _end(course) == end
        assert _events({"plain": [course]}).loc[("reach", "plain", 0), "observed"] == on_track


def test_a_run_that_diverged_is_no_longer_watched_for_a_collapse() -> None:
    assert _collapse(DIES) == (40, False)
    assert _events({"plain": [DIES]}).loc[("collapse", "plain", 0), "cause"] == ""


def test_a_single_low_evaluation_before_divergence_is_no_stretch_of_two() -> None:
    assert _end((0, 6, 2, NAN), collapse={**COLLAPSE, "consecutive": 2}) == (60, True, DIVERGED)
    assert _end((0, 6, 2, 1), collapse={**COLLAPSE, "consecutive": 2}) == (40, True, COLLAPSED)


def test_a_run_that_never_had_enough_cannot_collapse() -> None:
    early = {**COLLAPSE, "once_above": 6.0}
    assert _collapse((0, 5, 1, 1), collapse=early) == (60, False)
    assert _collapse((0, 6, 1, 1), collapse=early) == (40, True)


def test_a_run_that_never_had_enough_was_never_on_track() -> None:
    """By distance it was half of the way, by coverage nowhere: it could not collapse and passed as stable."""
    reach, collapse = {**REACH, "metric": "modes"}, {**COLLAPSE, "once_above": 4.0}
    metrics = pd.concat([
        long_table({"plain": [(0, 3, 3, 0), (0, 4, 4, 4)]}),
        long_table({"plain": [(0, 6, 6, 6), (0, 6, 6, 6)]}, metric="modes").query("metric == 'modes'"),
    ])  # fmt: skip
    table = events(metrics, FLOORS, study_of(reach=reach, collapse=collapse).experiments).set_index(["event", "seed"])
    assert table.loc["reach", "observed"].all()
    assert tuple(table.loc[("bad-end", 0), ["step", "observed", "cause"]]) == (60, True, NEVER_ON_TRACK)
    assert tuple(table.loc[("bad-end", 1), ["step", "observed", "cause"]]) == (60, False, "")


def test_a_dip_that_heals_is_no_lasting_collapse() -> None:
    lasting = {**COLLAPSE, "lasting": True}
    assert _end((8, 1, 1, 8), collapse=lasting) == (60, False, "")
    assert _end((8, 1, 8, 1), collapse=lasting) == (60, True, COLLAPSED)
    assert _end((8, 1, 1, 1), collapse=lasting) == (20, True, COLLAPSED)
    assert _end((8, 1, 8, 1), collapse={**lasting, "consecutive": 2}) == (60, False, "")
    assert _end((8, 8, 1, 1), collapse={**lasting, "consecutive": 2}) == (40, True, COLLAPSED)


def test_a_run_that_collapsed_and_then_diverged_did_not_heal() -> None:
    lasting = {**COLLAPSE, "lasting": True}
    assert _end((8, 1, 1, NAN), collapse=lasting) == (20, True, COLLAPSED)
    assert _end((8, 1, 8, NAN), collapse=lasting) == (60, True, DIVERGED)
    assert _end((8, 1, NAN, 8), collapse=lasting) == (40, True, DIVERGED)


def test_a_run_that_got_on_track_too_late_to_collapse_was_not_on_track_in_time() -> None:
    """A run that gets there at the last evaluations cannot fall twice in a row, and passed as stable."""
    in_time = {**COLLAPSE, "on_track_by": 0.5}
    assert _end((0, 0, 0, 8)) == (60, False, "")
    assert _end((0, 0, 0, 8), collapse=in_time) == (20, True, NEVER_ON_TRACK)
    assert _end((0, 8, 8, 8), collapse=in_time) == (60, False, "")
    assert _end((0, 0, 8, 1), collapse=in_time) == (20, True, NEVER_ON_TRACK)


def test_a_collapse_may_be_measured_against_real_data() -> None:
    real = {**COLLAPSE, "relative_to": "real", "below": 0.8}
    assert _collapse((0, 8, 6, 7), collapse=real) == (40, True)
    assert _collapse((0, 8, 7, 7), collapse=real) == (60, False)


def test_without_a_rule_for_being_on_track_every_run_is_at_once() -> None:
    assert _collapse((0, 3, 1, 1), reach=None) == (40, True)
    assert _end(NEVER, reach=None) == (60, False, "")
    assert set(_events(reach=None).index.get_level_values("event")) == {"collapse", "bad-end"}


def test_without_a_rule_for_collapse_there_are_no_bad_ends() -> None:
    assert set(_events(collapse=None).index.get_level_values("event")) == {"reach"}


def test_on_track_is_a_share_of_the_way_from_the_start_to_real_data() -> None:
    table = _events(reach={**REACH, "share": 0.75}).loc["reach"]
    assert tuple(table.loc[("regularised", 0), ["step", "observed"]]) == (20, True)
    assert tuple(table.loc[("regularised", 1), ["step", "observed"]]) == (40, True)
    assert tuple(table.loc[("regularised", 2), ["step", "observed", "end"]]) == (60, False, 60)


def test_a_run_that_diverged_on_its_way_never_arrives() -> None:
    row = _events({"plain": [(0, 3, NAN, NAN)]}).loc[("reach", "plain", 0)]
    assert tuple(row[["step", "observed"]]) == (60, False)


def test_times_are_told_in_images_and_updates_too() -> None:
    row = _events().loc[("collapse", "plain", 0)]
    assert (row["images"], row["g_updates"], row["end"]) == (40 * 32, 40 * 2, 60)


def test_every_run_has_a_row_for_every_event() -> None:
    table = _events().reset_index()
    assert list(events(long_table(COURSES), FLOORS, study_of().experiments)) == EVENT_COLUMNS
    assert table.groupby("event").size().to_dict() == {"bad-end": 6, "collapse": 6, "reach": 6}
    assert set(table.loc[table["event"] == "bad-end", "cause"]) == {"", COLLAPSED, DIVERGED, NEVER_ON_TRACK}
    assert set(table.loc[table["event"] != "bad-end", "cause"]) == {""}


def test_a_protocol_of_the_same_kind_that_no_rule_names_changes_nothing() -> None:
    other = long_table({arm: [GOOD] * 3 for arm in COURSES}, protocol="toy-modes/n=2500/ref=train")
    both = pd.concat([other, long_table(COURSES)], ignore_index=True)
    experiments = study_of().experiments
    assert events(both, FLOORS, experiments).equals(events(long_table(COURSES), FLOORS, experiments))


def test_survival_curves_count_the_runs_at_risk_of_each_arm() -> None:
    table = survival_table(_events().reset_index())
    plain = table[(table["arm"] == "plain") & (table["event"] == "collapse")]
    assert list(plain["time"]) == [0, 40, 60]
    np.testing.assert_allclose(plain["survival"], [1, 2 / 3, 2 / 3])
    assert list(plain["at_risk"]) == [3, 3, 1]


def test_incidence_keeps_the_causes_of_bad_ends_apart() -> None:
    courses = {"plain": [FALLS, FALLS, DIES, NEVER], "regularised": [GOOD] * 4}
    table = incidence(_events(courses).reset_index()).set_index(["arm", "cause"])
    assert table["time"].to_dict() == {
        ("plain", COLLAPSED): 40, ("plain", DIVERGED): 40, ("plain", NEVER_ON_TRACK): 60,
    }  # fmt: skip
    assert table["incidence"].to_dict() == pytest.approx(
        {("plain", COLLAPSED): 0.5, ("plain", DIVERGED): 0.25, ("plain", NEVER_ON_TRACK): 0.25}
    )
    assert (table["low"] < table["incidence"]).all()
    assert (table["incidence"] < table["high"]).all()


def test_other_thresholds_are_told_beside_the_chosen_one() -> None:
    table = sensitivity(long_table(COURSES), FLOORS, study_of().experiments)
    collapse = table[(table["event"] == "collapse") & (table["arm"] == "plain")].set_index("rule")
    assert list(collapse.index[collapse["chosen"]]) == ["fair_modes < 0.5 x running-maximum, 1 in a row"]
    counts = collapse["events"].to_dict()
    assert counts["fair_modes < 0.25 x running-maximum, 1 in a row"] == 0
    assert counts["fair_modes < 0.5 x running-maximum, 2 in a row"] == 1  # not the run that diverged
    assert counts["fair_modes < 0.75 x running-maximum, 1 in a row"] == 1  # 6 of 8 is not below
    assert set(collapse["n"]) == {3}
    reach = table[(table["event"] == "reach") & (table["arm"] == "regularised")]
    assert list(reach["events"]) == sorted(reach["events"], reverse=True)


def test_other_thresholds_for_collapse_ask_for_runs_that_were_on_track_all_the_same() -> None:
    table = sensitivity(long_table({"plain": [NEVER], "regularised": [GOOD]}), FLOORS, study_of().experiments)
    assert table.loc[table["event"] == "collapse", "events"].tolist() == [0] * 18


def test_where_a_collapse_must_last_it_must_under_every_threshold_and_they_say_so() -> None:
    lasting = study_of(collapse={**COLLAPSE, "lasting": True}).experiments
    table = sensitivity(long_table({"plain": [(8, 0, 0, 8)], "regularised": [(8, 0, 0, 0)]}), FLOORS, lasting)
    collapse = table[table["event"] == "collapse"]
    assert collapse["rule"].str.endswith(" in a row and to the end").all()
    assert collapse.groupby("arm")["events"].max().to_dict() == {"plain": 0, "regularised": 1}


def test_times_of_pairs_are_compared_by_their_sign_under_every_threshold() -> None:
    courses = {"plain": [FALLS] * 5 + [GOOD], "regularised": [GOOD] * 5 + [FALLS]}
    table = sensitivity(long_table(courses), FLOORS, study_of().experiments)
    chosen = table[table["chosen"] & (table["event"] == "collapse")].set_index("arm")["p_against_partner"]
    assert chosen["regularised"] == sign_test([20] * 5 + [-20])
    assert np.isnan(chosen["plain"])


def test_under_every_threshold_a_run_that_diverged_counts_as_one_without_a_collapse() -> None:
    """Of six pairs of times, in as many steps as in the claims on them."""
    courses = {"plain": [(0, 8, 8, 1)] * 6, "regularised": [DIES] * 6}
    table = sensitivity(long_table(courses), FLOORS, study_of().experiments)
    chosen = table[table["chosen"] & (table["event"] == "collapse")].set_index("arm")["p_against_partner"]
    assert chosen["regularised"] == sign_test([0] * 6) == 1.0


def test_a_study_without_rules_has_no_events() -> None:
    bare = study_of(collapse=None, reach=None).experiments
    nothing = events(long_table(COURSES), FLOORS, bare)
    assert list(nothing) == EVENT_COLUMNS
    for table in (nothing, survival_table(nothing), incidence(nothing)):
        assert table.empty
    assert sensitivity(long_table(COURSES), FLOORS, bare).empty
    assert PROTOCOL in set(FLOORS["protocol"])


def test_an_experiment_without_runs_has_no_events() -> None:
    experiments = study_of().experiments
    nothing = long_table({})
    assert list(events(nothing, FLOORS, experiments)) == EVENT_COLUMNS
    assert events(nothing, FLOORS, experiments).empty
    table = sensitivity(nothing, FLOORS, experiments)
    assert set(table["n"]) == {0}
    assert table[["median_step", "p_against_partner"]].isna().all(axis=None)


def test_rows_may_come_in_any_order() -> None:
    tables = (events(long_table(COURSES)[::order], FLOORS, study_of().experiments) for order in (1, -1))
    first, second = (table.sort_values(["event", "arm", "seed"]).reset_index(drop=True) for table in tables)
    assert first.equals(second)


def test_a_run_that_had_no_value_to_start_from_is_never_on_track_and_has_diverged() -> None:
    """Of an arm from elsewhere, whose first numbers are not finite, all of an analysis failed."""
    broken = (NAN, 5.0, 8.0, NAN)
    table = _events({"plain": [broken], "regularised": [GOOD]})
    row = table.loc[("reach", "plain", 0)]
    assert tuple(row[["step", "observed"]]) == (60, False)
    assert _end(broken) == (0, True, DIVERGED)
    assert bool(table.loc[("reach", "regularised", 0), "observed"])
    study = study_of()
    assert len(sensitivity(long_table({"plain": [broken]}), FLOORS, study.experiments))


def test_rules_that_differ_by_less_than_a_hundredth_are_told_apart() -> None:
    study = study_of(reach={**REACH, "share": 0.254})
    table = sensitivity(long_table(COURSES), FLOORS, study.experiments)
    told = table.loc[table["event"] == "reach"].groupby("rule")["chosen"].first()
    assert told.to_dict() == {
        f"fair_modes: {share}% of the way to real data": share == "25.4" for share in ("25", "25.4", "50", "75", "90")
    }


def test_of_a_run_without_a_start_nothing_is_known_also_where_it_diverged() -> None:
    """Of twelve runs from step 20 on one diverged: a bad end in 1 of 1, and on track by its value at 20."""
    late = long_table({"plain": [GOOD, (0.0, 6.0, 7.0, NAN)]}).query("step > 0").assign(reading="elsewhere")
    assert events(late, FLOORS, study_of().experiments).empty
    whole = long_table({"plain": [GOOD, (0.0, 6.0, 7.0, NAN)]}).assign(reading="elsewhere")
    assert set(events(whole, FLOORS, study_of().experiments)["seed"]) == {0, 1}


@pytest.mark.parametrize(("rules", "known"), [({}, set()), ({"reach": None}, {"collapse", "bad-end"})])
def test_without_the_number_of_real_data_a_rule_that_needs_it_has_no_events(rules: Any, known: set[str]) -> None:
    study = study_of(**rules)
    found = events(long_table({"plain": [GOOD, FALLS]}), FLOORS.iloc[:0], study.experiments)
    assert set(found["event"]) == known
    by_real = study_of(collapse={**COLLAPSE, "relative_to": "real"}, reach=None)
    assert events(long_table({"plain": [GOOD]}), FLOORS.iloc[:0], by_real.experiments).empty
