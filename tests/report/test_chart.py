"""Curves on the page are where the table says, in whatever unit of time, and are told in numbers below."""

from __future__ import annotations

import pandas as pd
import pytest

from vigan.report.chart import BOTTOM, CURVE_COLUMNS, HIGH, LEFT, RIGHT, TOP, WIDE, Axis, Group, Subject, chart
from vigan.report.drawn import Arm, Chart, Charts

PLAIN, OTHER = Arm("plain", "c0", dashed=True), Arm("other", "c1")
NAN = float("nan")


def _curves(**values: list[float]) -> pd.DataFrame:
    rows = [
        (arm, 100 * place, 4, value, value - 1, value + 1, value - 2, value + 2)
        for arm, known in values.items()
        for place, value in enumerate(known)
    ]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def _chart(curves: pd.DataFrame, axis: Axis, *, small: bool = False, real: float | None = None) -> Chart:
    subject = Subject(curves, "Modes", "toy-modes", "higher is better", real)
    return chart(subject, [Group("K = 2", [PLAIN, OTHER])], axis, {"other": PLAIN}, small=small)


def test_lines_go_from_one_end_of_the_axis_to_the_other_and_higher_is_higher_up() -> None:
    made = _chart(_curves(plain=[0.0, 4.0], other=[0.0, 8.0]), Axis("iterations", {"plain": 1.0, "other": 1.0}))
    (panel,) = made.facets[0].panels
    first, last = [[float(part) for part in point.split(",")] for point in panel.lines[1].points.split()]
    assert (first[0], last[0]) == (LEFT, WIDE - RIGHT)
    assert 0 < last[1] < float(panel.lines[0].points.split()[1].split(",")[1]) < first[1] < HIGH
    assert panel.lines[0].steps == "0 100"
    assert [tick.label for tick in panel.across] == ["0", "20", "40", "60", "80", "100"]


def test_an_arm_that_needs_more_of_the_unit_is_drawn_further_to_the_right() -> None:
    made = _chart(_curves(plain=[0.0, 4.0], other=[0.0, 8.0]), Axis("updates of G", {"plain": 1.0, "other": 2.0}))
    plain, other = (float(line.points.split()[-1].split(",")[0]) for line in made.facets[0].panels[0].lines)
    assert other == WIDE - RIGHT
    assert plain == pytest.approx((LEFT + WIDE - RIGHT) / 2)
    assert made.facets[0].panels[0].across[-1].label == "200"


def test_many_arms_have_a_panel_each_beside_their_partner_in_grey() -> None:
    made = _chart(_curves(plain=[0.0, 4.0], other=[0.0, 8.0]), Axis("i", {"plain": 1.0, "other": 1.0}), small=True)
    panels = made.facets[0].panels
    assert [panel.title for panel in panels] == ["plain", "other"]
    assert [[line.arm.tone for line in panel.lines] for panel in panels] == [["c0"], ["grey", "c1"]]
    assert made.facets[0].title == "K = 2"


def test_the_numbers_are_in_a_table_with_their_interval_or_range() -> None:
    curves = _curves(plain=[0.0, 4.0], other=[0.0, NAN])
    curves.loc[1, ["ci_low", "ci_high"]] = NAN
    curves.loc[0, ["low", "high"]] = 0.0
    table = _chart(curves, Axis("i", {"plain": 1.0, "other": 1.0})).table
    assert table.columns == ["arm, by iteration", "0", "100"]
    assert table.rows == [
        [("plain", ""), ("0", ""), ("4", "[2, 6]")],
        [("other", ""), ("0", "[−1, 1]"), ("–", "")],
    ]


def test_a_panel_says_its_last_values_in_words_and_shows_real_data() -> None:
    made = _chart(_curves(plain=[0.0, 4.0]), Axis("i", {"plain": 1.0, "other": 1.0}), real=10.0)
    (panel,) = made.facets[0].panels
    assert panel.alt == "Modes over training; last values: plain 4."
    assert 0 < float(panel.real) < HIGH / 4
    assert _chart(_curves(plain=[0.0, 4.0]), Axis("i", {"plain": 1.0})).facets[0].panels[0].real == ""


def test_what_never_moves_says_so() -> None:
    still = _curves(plain=[1.0, 1.0])
    still[["low", "high"]] = 1.0
    axis = Axis("i", {"plain": 1.0})
    assert _chart(still, axis).flat
    assert not _chart(_curves(plain=[1.0, 2.0]), axis).flat


def test_a_measure_without_bounds_that_falls_far_is_on_a_logarithmic_axis() -> None:
    curves, axis = _curves(plain=[1000.0, 10.0], other=[1000.0, 100.0]), Axis("i", {"plain": 1.0, "other": 1.0})
    subject = Subject(curves, "Distance", "features", "lower is better", 2.0, bounded=False)
    made = chart(subject, [Group("", [PLAIN, OTHER])], axis, {}, small=False)
    (panel,) = made.facets[0].panels
    first, last = (float(point.split(",")[1]) for point in panel.lines[0].points.split())
    middle = float(panel.lines[1].points.split()[1].split(",")[1])
    assert made.logarithmic
    assert middle == pytest.approx((first + last) / 2, abs=0.2), "100 is halfway from 10 to 1000"
    assert float(panel.real) > last
    assert not chart(subject._replace(bounded=True), [Group("", [PLAIN])], axis, {}, small=False).logarithmic
    assert not chart(
        subject._replace(curves=curves.assign(low=0.0)), [Group("", [PLAIN])], axis, {}, small=False
    ).logarithmic


def test_a_step_at_which_an_arm_was_not_measured_is_empty_and_one_without_a_value_a_dash() -> None:
    curves = _curves(plain=[1.0, NAN, 3.0], other=[1.0])
    rows = _chart(curves, Axis("i", {"plain": 1.0, "other": 1.0})).table.rows
    assert [[cell.text for cell in row] for row in rows] == [["plain", "1", "–", "3"], ["other", "1", "", ""]]


def test_an_axis_shows_the_whole_interval_of_a_measure() -> None:
    curves = _curves(plain=[0.0, 4.0]).assign(ci_low=-20.0, ci_high=20.0)
    (panel,) = _chart(curves, Axis("i", {"plain": 1.0})).facets[0].panels
    heights = [float(point.split(",")[1]) for point in panel.lines[0].band.split()]
    assert TOP < min(heights) < max(heights) < HIGH - BOTTOM


@pytest.mark.parametrize(
    ("moving", "opened", "wide"),
    [([True], 1, True), ([True] * 2, 2, False), ([True, True, True, False], 3, True), ([True] * 7, 4, False)],
)
def test_unfolded_charts_leave_no_half_of_a_row_empty(moving: list[bool], opened: int, wide: bool) -> None:
    one = _chart(_curves(plain=[0.0, 4.0]), Axis("i", {"plain": 1.0}))
    made = Charts("a", 1, "i", "", [PLAIN], [one._replace(flat=not moves) for moves in moving], [])
    assert (made.opened, made.wide) == (opened, wide)
    assert (made.opened - made.wide) % 2 == 0
    small = made._replace(charts=[chart._replace(small=True) for chart in made.charts])
    assert (small.opened, small.wide) == (1, False)
