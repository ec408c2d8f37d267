from __future__ import annotations

import math
import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigan.analysis.betting import bounded_mean
from vigan.analysis.events import events
from vigan.analysis.time_to_event import COLUMNS, median_time, time_to_event_table

from .studied import DIES, FALLS, FLOORS, GOOD, NEVER, REACH, Courses, long_table, study_of

ARRIVE = {"plain": [(0, 8, 3, 2), (0, 8, 6, 7), (0, 6, 6, 6)], "regularised": [(0, 6, 7, 8), (0, 3, 6, 8), NEVER]}


def _speed(courses: Courses) -> pd.DataFrame:
    experiments = study_of(reach={**REACH, "share": 0.75}).experiments
    return time_to_event_table(events(long_table(courses), FLOORS, experiments), experiments).set_index(
        ["event", "arm"]
    )


def test_speed_is_told_in_every_unit() -> None:
    table = _speed(ARRIVE)
    assert tuple(table.loc[("reach", "plain"), ["n", "events", "median_step"]]) == (3, 3, 20)
    row = table.loc[("reach", "regularised"), ["events", "median_step", "median_images", "median_g_updates"]]
    assert tuple(row) == (2, 40, 40 * 32, 40 * 2)
    assert table.loc[("collapse", "regularised"), ["median_step", "median_images"]].isna().all()


def test_a_run_without_the_event_counts_with_all_of_training() -> None:
    row = _speed(ARRIVE).loc[("reach", "regularised")]
    assert row["mean_share"] == pytest.approx((20 + 40 + 60) / 180)


def test_a_run_that_diverged_counts_as_one_without_a_collapse_as_in_the_claims_on_times() -> None:
    table = _speed({"plain": [FALLS, FALLS], "regularised": [DIES, DIES]})
    row = table.loc[("collapse", "regularised")]
    assert (row["events"], row["mean_share"]) == (0, 1.0)
    assert row["than_partner"] == pytest.approx(1 / 3)
    assert table.loc[("bad-end", "regularised"), "mean_share"] == pytest.approx(2 / 3)


def test_means_have_the_interval_of_bounded_numbers() -> None:
    table = _speed(ARRIVE)
    row = table.loc[("reach", "regularised")]
    shares = np.array([20, 40, 60]) / 60
    ends = ["mean_share", "mean_share_low", "mean_share_high"]
    assert tuple(row[ends]) == pytest.approx(bounded_mean(shares, 0, 1)[:3])
    ends = ["than_partner", "than_partner_low", "than_partner_high"]
    assert tuple(row[ends]) == pytest.approx(bounded_mean(shares - 1 / 3, -1, 1)[:3])
    assert table.loc[("reach", "plain"), ends].isna().all()


def test_pairs_are_seeds_that_both_arms_have() -> None:
    row = _speed({**ARRIVE, "plain": ARRIVE["plain"][:2]}).loc[("reach", "regularised")]
    assert row["than_partner"] == pytest.approx((0 + 20) / 120)
    assert row["n"] == 3


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_where_all_runs_have_the_event_half_is_the_low_median(times) -> None:
    assert median_time(times, [True] * len(times)) == statistics.median_low(times)


@pytest.mark.parametrize(
    ("seen", "half"), [([1, 1, 0, 0], 20), ([1, 0, 0, 0], None), ([0, 0, 1, 1], 40), ([1, 0, 1, 0], 30), ([], None)]
)
def test_half_of_the_runs_must_have_had_the_event(seen, half) -> None:
    found = median_time([10, 20, 30, 40][: len(seen)], [bool(one) for one in seen])
    assert found == half if half else math.isnan(found)


def test_no_events_have_no_speed() -> None:
    experiments = study_of(collapse=None, reach=None).experiments
    table = time_to_event_table(events(long_table({"plain": [GOOD, FALLS, DIES]}), FLOORS, experiments), experiments)
    assert table.empty
    assert list(table) == COLUMNS
