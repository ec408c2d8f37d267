from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from vigan.analysis.events import events, sensitivity, survival
from vigan.analysis.time_to_event import speed

from .studied import COLLAPSE, FLOORS, long_table, study_of

COURSES = {
    "plain": [(0, 8, 3, 2), (0, 8, 6, 7), (0, 6, np.nan, np.nan)],
    "regularised": [(0, 6, 7, 8), (0, 3, 6, 8), (0, 1, 2, 3)],
}


def _events(courses: Any = COURSES, **collapse: Any) -> pd.DataFrame:
    study = study_of(collapse={**COLLAPSE, **collapse})
    table = events(long_table(courses), FLOORS, study.experiments)
    return table.set_index(["event", "arm", "seed"]).sort_index()


def test_a_fall_below_half_of_the_runs_own_maximum_is_a_collapse_at_its_first_step() -> None:
    table = _events().loc["collapse"]
    assert tuple(table.loc[("plain", 0), ["step", "observed"]]) == (40, True)
    assert tuple(table.loc[("plain", 1), ["step", "observed"]]) == (60, False)


def test_a_run_that_diverged_counts_as_collapsed_when_it_did() -> None:
    assert tuple(_events().loc[("collapse", "plain", 2), ["step", "observed"]]) == (40, True)


def test_a_run_that_never_had_enough_cannot_collapse() -> None:
    low = {"plain": [(0, 3, 1, 1)], "regularised": [(0, 4, 1, 1)]}
    table = _events(low).loc["collapse"]
    assert not table.loc[("plain", 0), "observed"]
    assert table.loc[("regularised", 0), "observed"]


def test_a_collapse_may_be_measured_against_real_data() -> None:
    table = _events(relative_to="real", below=0.8).loc["collapse"]
    assert tuple(table.loc[("plain", 1), ["step", "observed"]]) == (40, True)


def test_a_run_that_never_learnt_counts_as_collapsed_after_a_grace_period_if_measured_against_real_data() -> None:
    never = {"plain": [(0, 1, 2, 2)], "regularised": [(0, 1, 7, 7)]}
    table = _events(never, relative_to="real", after=0.5, once_above=0.0).loc["collapse"]
    assert tuple(table.loc[("plain", 0), ["step", "observed"]]) == (40, True)
    assert not table.loc[("regularised", 0), "observed"]
    assert _events(never, once_above=0.0).loc[("collapse", "plain", 0), "observed"] == 0


def test_on_track_is_a_share_of_the_way_from_the_start_to_real_data() -> None:
    table = _events().loc["reach"]
    assert tuple(table.loc[("regularised", 0), ["step", "observed"]]) == (20, True)
    assert tuple(table.loc[("regularised", 1), ["step", "observed"]]) == (40, True)
    assert tuple(table.loc[("regularised", 2), ["step", "observed", "end"]]) == (60, False, 60)


def test_a_run_that_diverged_on_its_way_never_arrives() -> None:
    table = _events({"plain": [(0, 3, np.nan, np.nan)], "regularised": [(0, 3, 6, 6)]}).loc["reach"]
    assert tuple(table.loc[("plain", 0), ["step", "observed"]]) == (60, False)


def test_times_are_told_in_images_and_updates_too() -> None:
    row = _events().loc[("collapse", "plain", 0)]
    assert (row["images"], row["g_updates"]) == (40 * 32, 40 * 2)


def test_speed_is_told_in_every_unit_and_as_paired_differences() -> None:
    table = speed(_events().reset_index(), study_of().experiments).set_index(["event", "arm"])
    plain, regularised = table.loc[("reach", "plain")], table.loc[("reach", "regularised")]
    assert tuple(plain[["n", "events", "median_step"]]) == (3, 3, 20)
    assert tuple(regularised[["events", "median_step", "median_images", "median_g_updates"]]) == (2, 40, 1280, 80)
    assert regularised["mean_share"] == pytest.approx((20 + 40 + 60) / 180)
    assert regularised["than_partner"] == pytest.approx((0 + 20 + 40) / 180)
    assert np.isnan(plain["than_partner"])
    assert np.isnan(table.loc[("collapse", "regularised"), "median_step"])


def test_survival_curves_count_the_runs_at_risk_of_each_arm() -> None:
    table = survival(_events().reset_index())
    plain = table[(table["arm"] == "plain") & (table["event"] == "collapse")]
    assert list(plain["time"]) == [0, 40, 60]
    np.testing.assert_allclose(plain["survival"], [1, 1 / 3, 1 / 3])
    assert list(plain["at_risk"]) == [3, 3, 1]


def test_other_thresholds_are_told_beside_the_chosen_one() -> None:
    table = sensitivity(long_table(COURSES), FLOORS, study_of().experiments)
    collapse = table[(table["event"] == "collapse") & (table["arm"] == "plain")].set_index("rule")
    assert list(collapse.index[collapse["chosen"]]) == ["fair_modes < 0.5 x running-maximum, 1 in a row"]
    assert collapse["events"].to_dict()["fair_modes < 0.25 x running-maximum, 1 in a row"] == 1  # the diverged run
    assert collapse["events"].to_dict()["fair_modes < 0.5 x running-maximum, 2 in a row"] == 2
    assert collapse["median_step"].to_dict()["fair_modes < 0.5 x running-maximum, 1 in a row"] == 40
    reach = table[(table["event"] == "reach") & (table["arm"] == "regularised")]
    assert list(reach["events"]) == sorted(reach["events"], reverse=True)
    assert reach["p_against_partner"].between(0, 1).all()


def test_a_study_without_rules_has_no_events() -> None:
    plain = study_of()
    bare = {k: e.model_copy(update={"collapse": None, "reach": None}) for k, e in plain.experiments.items()}
    nothing = events(long_table(COURSES), FLOORS, bare)
    assert nothing.empty
    assert survival(nothing).empty
    assert sensitivity(long_table(COURSES), FLOORS, bare).empty


def test_rows_may_come_in_any_order() -> None:
    tables = (events(long_table(COURSES)[::order], FLOORS, study_of().experiments) for order in (1, -1))
    first, second = (table.sort_values(["event", "arm", "seed"]).reset_index(drop=True) for table in tables)
    assert first.equals(second)
