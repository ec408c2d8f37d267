"""Survival curves step where the table says, show what was censored, and count the runs at risk under them."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vigan.analysis.survival import kaplan_meier
from vigan.figures.style import looks
from vigan.figures.survival import Panel, at_risk, draw

from .made_up import key_of, panel, words

LOOKS = looks({"plain": False, "regularised": True})
PANELS = {"collapse": Panel("Not collapsed", "Half of its maximum."), "reach": Panel("Not on track", "Half way.")}
LIVES = {
    ("plain", "collapse"): ([20, 40, 60, 60], [True, True, True, False]),
    ("regularised", "collapse"): ([60, 60, 60, 60], [False] * 4),
    ("plain", "reach"): ([60, 60, 60, 60], [False] * 4),
    ("regularised", "reach"): ([20, 20, 40, 40], [True] * 4),
}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def _table() -> pd.DataFrame:
    parts = [kaplan_meier(*lives).assign(arm=arm, event=event) for (arm, event), lives in LIVES.items()]
    return pd.concat(parts, ignore_index=True)


def _figure() -> Figure:
    return draw(_table(), PANELS, "A ring", [LOOKS])


def _steps(axis: Axes, arm: str) -> list[list[float]]:
    (line,) = [
        line for line in axis.lines if line.get_drawstyle() == "steps-post" and line.get_color() == LOOKS[arm].colour
    ]
    return np.asarray(line.get_xydata()).tolist()


def test_a_curve_steps_where_the_table_says() -> None:
    axis = panel(_figure(), "Not collapsed")
    assert _steps(axis, "plain") == [[0, 1], [20, 0.75], [40, 0.5], [60, 0.25]]
    assert _steps(axis, "regularised") == [[0, 1], [60, 1]]


def test_the_band_is_the_interval_of_the_table() -> None:
    table = _table()
    part = table[(table["arm"] == "plain") & (table["event"] == "collapse")]
    axis = panel(_figure(), "Not collapsed")
    heights = {y for band in axis.collections for path in band.get_paths() for y in np.asarray(path.vertices)[:, 1]}
    assert set(part["low"]) | set(part["high"]) <= heights


def test_a_tick_ends_the_curves_of_runs_that_were_censored_and_no_others() -> None:
    figure = _figure()
    ends = {
        title: [
            np.asarray(line.get_xydata()).tolist() for line in panel(figure, title).lines if line.get_marker() == "|"
        ]
        for title in ("Not collapsed", "Not on track")
    }
    assert ends == {"Not collapsed": [[[60, 1]], [[60, 0.25]]], "Not on track": [[[60, 1]]]}


def test_runs_at_risk_stand_under_the_ticks() -> None:
    figure = _figure()
    table = figure.axes[2]
    assert [label.get_text() for label in table.get_yticklabels()] == ["plain", "regularised"]
    numbers = {(text.get_position()): text.get_text() for text in table.texts}
    ticks = panel(figure, "Not collapsed").get_xticks()
    assert list(ticks) == [0, 10, 20, 30, 40, 50, 60]
    assert [numbers[tick, 0] for tick in ticks] == ["4", "4", "4", "3", "3", "2", "2"]
    assert {numbers[tick, 1] for tick in ticks} == {"4"}


@pytest.mark.parametrize(("time", "runs"), [(0, 4), (20, 4), (21, 3), (40, 3), (60, 2), (61, 0)])
def test_a_run_is_at_risk_until_its_event(time: int, runs: int) -> None:
    assert at_risk(kaplan_meier(*LIVES["plain", "collapse"]), time) == runs


def test_the_rule_and_n_are_told() -> None:
    figure = _figure()
    assert "Half of its maximum." in words(panel(figure, "Not collapsed"))
    assert "Half way." in words(panel(figure, "Not on track"))
    assert key_of(figure)[:2] == ["plain (n = 4)", "regularised (n = 4)"]


def test_one_event_is_one_panel() -> None:
    figure = draw(_table(), {"reach": PANELS["reach"]}, "A ring", [LOOKS])
    assert len(figure.axes) == 2


def test_a_facet_without_a_curve_is_left_out() -> None:
    """Nine arms with events beside one of which none is known were no figure at all."""
    others = looks({"theirs": False})
    figure = draw(_table(), PANELS, "A ring", [LOOKS, others], ["K = 2", "Not trained here"])
    text = " ".join(words(figure))
    assert "A ring. K = 2" in text
    assert "Not trained here" not in text
    assert len(figure.axes) == len(_figure().axes)


def test_where_no_event_is_known_of_any_run_the_figure_says_so() -> None:
    text = " ".join(words(draw(_table().iloc[:0], PANELS, "A ring", [LOOKS])))
    assert "Of no run is it known when it had these events." in text
