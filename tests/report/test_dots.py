"""Every run on the page: a dot at its value, in the same order in every row, and nothing left out in silence."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from vigan.report.chart import Group
from vigan.report.dots import EDGE, WIDE, Runs, dot_chart
from vigan.report.drawn import Arm, DotChart, DotRow

NAN = float("nan")
GROUPS = [Group("", [Arm("plain", "c0"), Arm("ours", "c1"), Arm("elsewhere", "c2")])]


def _runs(better: str = "higher is better", real: float | None = None, **values: list[float]) -> Runs:
    rows = [(arm, seed, last) for arm, lasts in values.items() for seed, last in enumerate(lasts)]
    scores = pd.DataFrame(rows, columns=["arm", "seed", "last"])
    estimate = {"n": 2, "center": 3.0, "center_of": "mean", "low": 1.0, "high": 5.0, "ci_low": 2.0, "ci_high": 4.0}
    estimates = pd.DataFrame([{"arm": arm, **estimate} for arm in values])
    return Runs(scores, estimates, "Modes", "toy", better, real)


def _row(chart: DotChart, arm: str) -> DotRow:
    return next(row for row in chart.facets[0].rows if row.arm.name == arm)


def _places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"M([\d.]+) ([\d.]+)", path)]


def test_a_run_is_a_dot_at_its_value_on_one_scale_for_all_rows() -> None:
    made = dot_chart(_runs(plain=[0.0, 10.0], ours=[5.0, 10.0]), GROUPS)
    plain, ours = (_places(_row(made, arm).dots) for arm in ("plain", "ours"))
    middle = WIDE / 2
    assert ours[0][0] == pytest.approx(middle)
    assert plain[1][0] == ours[1][0] > middle > plain[0][0] > EDGE
    assert [y for _, y in plain] == [y for _, y in ours]


def test_a_run_without_a_value_is_a_cross_at_the_worst_edge_and_is_told() -> None:
    for better, worst in (("higher is better", EDGE), ("lower is better", WIDE - EDGE)):
        row = _row(dot_chart(_runs(better, plain=[1.0, NAN], ours=[2.0, 3.0]), GROUPS), "plain")
        assert _places(row.lost)[0][0] == pytest.approx(worst)
        assert row.columns == "0"
        assert "1 run without a value" in row.alt


def test_a_seed_that_an_arm_never_ran_is_neither_a_dot_nor_a_cross() -> None:
    made = dot_chart(_runs(plain=[1.0], ours=[2.0, 3.0]), GROUPS)
    assert _row(made, "plain").lost == ""
    assert [cell.text for cell in made.table.rows[0]] == ["plain", "1", ""]


def test_arms_without_runs_have_no_row() -> None:
    assert [row.arm.name for row in dot_chart(_runs(plain=[1.0], ours=[2.0]), GROUPS).facets[0].rows] == [
        "plain",
        "ours",
    ]


def test_the_numbers_below_are_those_of_the_dots_a_column_a_seed() -> None:
    table = dot_chart(_runs(plain=[0.12345, NAN], ours=[2.0, 3.0]), GROUPS).table
    assert table.columns == ["arm", "0", "1"]
    assert [[cell.text for cell in row] for row in table.rows] == [["plain", "0.1235", "–"], ["ours", "2", "3"]]


def test_the_interval_lies_below_the_dots_and_real_data_have_their_place() -> None:
    made = dot_chart(_runs(real=10.0, plain=[0.0, 5.0]), GROUPS)
    center = re.fullmatch(r"M([\d.]+) \d+v8M([\d.]+) \d+H([\d.]+)", _row(made, "plain").center)
    assert center is not None
    assert float(center[2]) < float(center[1]) < float(center[3]) < float(made.real)


def test_distances_that_differ_by_much_are_on_a_logarithmic_scale() -> None:
    runs = _runs("lower is better", plain=[0.01, 1.0], ours=[10.0, 100.0])
    linear, made = dot_chart(runs, GROUPS), dot_chart(runs._replace(bounded=False), GROUPS)
    assert (linear.logarithmic, made.logarithmic) == (False, True)
    (first, second), (third, fourth) = ([x for x, _ in _places(_row(made, arm).dots)] for arm in ("plain", "ours"))
    assert second - first == pytest.approx(2 * (third - second), abs=0.3)
    assert fourth - third == pytest.approx(third - second, abs=0.3)


def test_the_heading_says_whether_centers_are_means_or_medians_and_rows_need_not() -> None:
    runs = _runs(plain=[0.0, 5.0])
    assert dot_chart(runs, GROUPS).center == "mean"
    medians = dot_chart(runs._replace(estimates=runs.estimates.assign(center_of="median")), GROUPS)
    assert medians.center == "median"
    assert _row(medians, "plain").told.text == "3 [2, 4]"


def test_a_measure_that_is_the_same_in_every_run_is_called_flat() -> None:
    assert dot_chart(_runs(plain=[1.0, 1.0], ours=[1.0]), GROUPS).flat
    assert not dot_chart(_runs(plain=[1.0, 1.0], ours=[2.0]), GROUPS).flat


def test_an_interval_is_on_the_scale_from_end_to_end() -> None:
    runs = _runs(plain=[1.0, 1.0])
    runs = runs._replace(estimates=runs.estimates.assign(ci_low=-9.0, ci_high=11.0))
    center = _row(dot_chart(runs, GROUPS), "plain").center
    low, high = map(float, re.findall(r"M([\d.]+) \d+H([\d.]+)", center)[0])
    assert EDGE < low < high < WIDE - EDGE
