"""Profiles step where runs end, improvements stand beside them, and either shows its interval."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vigan.analysis.profiles import improvements, profiles
from vigan.figures.profile import Row, draw
from vigan.figures.style import looks

from .made_up import key_of, panel, words

LOOKS = looks({"term": True, "plain": False})
SIGNS = {"modes": 1, "distance": -1}
ROWS = {"modes": Row("Modes", "toy-modes/n=500", 1), "distance": Row("Distance", "toy-modes/n=500", -1)}
LAST = {"term": [8, 8, 6, 8], "plain": [6, 2, np.nan, 8]}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def _scores() -> pd.DataFrame:
    rows = [
        (arm, seed, metric, sign * value)
        for metric, sign in SIGNS.items()
        for arm, values in LAST.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "metric", "last"])


def _figure() -> Figure:
    scores = _scores()
    return draw(profiles(scores, SIGNS), improvements(scores, SIGNS, "term"), ROWS, "A ring", [LOOKS], "term")


def _step(axis: Axes, arm: str) -> tuple[str, list[list[float]]]:
    (line,) = [line for line in axis.lines if "steps" in line.get_drawstyle() and line.get_color() == LOOKS[arm].colour]
    return line.get_drawstyle(), np.asarray(line.get_xydata()).tolist()


def test_where_higher_is_better_a_share_holds_up_to_its_value() -> None:
    axis = panel(_figure(), "Modes")
    assert _step(axis, "plain") == ("steps-pre", [[1.76, 0.75], [2, 0.75], [6, 0.5], [8, 0.25]])
    assert _step(axis, "term") == ("steps-pre", [[1.76, 1], [2, 1], [6, 1], [8, 0.75]])
    assert axis.get_xlabel() == "this value or more"


def test_where_lower_is_better_a_share_holds_from_its_value_on() -> None:
    axis = panel(_figure(), "Distance")
    assert _step(axis, "plain") == ("steps-post", [[-8, 0.25], [-6, 0.5], [-2, 0.75], [-1.76, 0.75]])
    assert axis.get_xlabel() == "this value or less"


def test_runs_that_end_alike_are_a_line_too_not_a_lonely_point() -> None:
    scores = _scores().assign(last=0.7)
    figure = draw(profiles(scores, SIGNS), improvements(scores, SIGNS, "term"), ROWS, "A ring", [LOOKS], "term")
    (left, share), (right, same) = _step(panel(figure, "Modes"), "plain")[1]
    assert (left < right == 0.7, share, same) == (True, 1.0, 1.0)


def test_beside_it_stands_how_probably_the_baseline_is_better_with_its_interval() -> None:
    figure = _figure()
    axis = next(axis for axis in figure.axes if axis.get_title(loc="left") == "term is better than")
    assert [label.get_text() for label in axis.get_yticklabels()] == ["plain"]
    row = improvements(_scores(), SIGNS, "term").query("metric == 'modes'").iloc[0]
    drawn = [np.asarray(line.get_xydata()).tolist() for line in axis.lines if line.get_color() != "#5b6067"]
    assert [[row["low"], 0], [row["high"], 0]] in drawn
    assert [[row["share"], 0]] in [np.asarray(line.get_xydata()).tolist() for line in axis.lines]
    assert row["share"] == (1 + 1 + 1 + 0.5) / 4


def test_where_no_run_has_a_last_value_the_figure_says_so() -> None:
    """Runs that all diverged were no figure; nor were metrics of which neither more nor less is better."""
    lost = _scores().assign(last=np.nan)
    for signs, rows in ((SIGNS, ROWS), ({}, {})):
        tables = profiles(lost, signs), improvements(lost, signs, "term")
        text = " ".join(words(draw(*tables, rows, "A ring", [LOOKS], "term")))
        assert "No run has a last value of which more, or less, is better." in text


def test_the_legend_says_how_many_runs_there_are_and_the_heading_what_is_shown() -> None:
    figure = _figure()
    assert {"term (n = 4)", "plain (n = 4)", "95% interval"} <= set(key_of(figure))
    assert "ties counting half" in " ".join(words(figure))


def test_distances_that_differ_by_much_are_on_a_logarithmic_axis() -> None:
    rows = [("term", seed, "distance", 0.01 * (1 + seed)) for seed in range(4)]
    rows += [("plain", seed, "distance", 10.0 * (1 + seed)) for seed in range(4)]
    scores = pd.DataFrame(rows, columns=["arm", "seed", "metric", "last"])
    tables = profiles(scores, {"distance": -1}), improvements(scores, {"distance": -1}, "term")
    scales = {
        bounded: panel(
            draw(*tables, {"distance": Row("Distance", "", -1, bounded)}, "A ring", [LOOKS], "term"), "Distance"
        ).get_xscale()
        for bounded in (True, False)
    }
    assert scales == {True: "linear", False: "log"}
