"""Every run is a point where the table says, joined with its pair; runs without a value are not left out."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vigan.figures.seeds import SCORES, Row, draw
from vigan.figures.style import looks

from .made_up import key_of, words

LOOKS = looks({"plain": False, "wild": False, "regularised": True})
ROWS = {"fair_modes": Row("Modes", "toy-modes", "higher", 8.0), "vendi": Row("Vendi", "pixels", "none")}
PAIRS = [("plain", "regularised")]
VALUES = {"plain": [1.0, 2.0, 6.0], "regularised": [7.0, 8.0, np.nan], "wild": [np.nan] * 3}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def _scores() -> pd.DataFrame:
    rows = [
        (arm, seed, metric, last, last, last)
        for metric in ROWS
        for arm, values in VALUES.items()
        for seed, last in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "metric", *SCORES])


def _summary() -> pd.DataFrame:
    means = {"plain": (3, 3.0, 0.5, 9.9, 0), "regularised": (2, 7.5, 7.0, 8.0, 0), "wild": (0, *[np.nan] * 3, 3)}
    rows = [
        (arm, metric, score, n, mean, low, high, low, high, diverged)
        for metric in ROWS
        for score in SCORES
        for arm, (n, mean, low, high, diverged) in means.items()
    ]
    columns = ["arm", "metric", "score", "n", "center", "low", "high", "ci_low", "ci_high", "diverged"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def figure() -> Figure:
    return draw(_scores(), _summary(), ROWS, "A ring", LOOKS, PAIRS)


def _points(axis: Axes, marker: str) -> list[np.ndarray]:
    return [np.asarray(line.get_xdata(), float) for line in axis.lines if line.get_marker() == marker]


def test_there_is_a_row_a_metric_and_a_column_a_score(figure: Figure) -> None:
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert titles == list(SCORES.values()) * 2
    assert {"Modes", "toy-modes", "Vendi", "pixels"} <= set(words(figure))


@pytest.mark.parametrize("arm", ["plain", "regularised"])
def test_each_seed_is_a_point_at_its_value(figure: Figure, arm: str) -> None:
    (points,) = _points(figure.axes[0], LOOKS[arm].marker)
    np.testing.assert_array_equal(points, VALUES[arm])


def test_partners_follow_their_plain_arm(figure: Figure) -> None:
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["plain", "regularised", "wild"]


def _joined(axis: Axes) -> list[list[float]]:
    """Where each line that joins two runs begins and ends; a gap follows each."""
    (line,) = [line for line in axis.lines if line.get_linewidth() == 0.6]
    ends = np.asarray(line.get_xdata()).reshape(-1, 3)
    assert np.isnan(ends[:, 2]).all()
    return ends[:, :2].tolist()


def test_lines_join_the_runs_of_one_seed_and_end_at_the_worst_edge_without_a_value(figure: Figure) -> None:
    axis = figure.axes[0]
    edge = _points(axis, "x")[0][0]
    assert _joined(axis) == [[1.0, 7.0], [2.0, 8.0], [6.0, edge]]
    assert axis.get_xlim()[0] < edge < 1.0


def test_runs_without_a_value_are_crosses_and_say_why(figure: Figure) -> None:
    axis = figure.axes[0]
    assert [len(cross) for cross in _points(axis, "x")] == [1, 3]
    assert {"1 without a value", "3 diverged"} <= set(words(axis))


def test_a_seed_that_an_arm_was_never_run_with_is_no_lost_run() -> None:
    scores = _scores()
    scores = scores[(scores["arm"] != "plain") | (scores["seed"] < 2)]
    axis = draw(scores, _summary(), ROWS, "A ring", LOOKS, PAIRS).axes[0]
    assert [len(cross) for cross in _points(axis, "x")] == [1, 3]
    assert _joined(axis) == [[1.0, 7.0], [2.0, 8.0]]


def test_where_lower_is_better_the_worst_edge_is_the_right_one() -> None:
    rows = {"fair_modes": ROWS["fair_modes"]._replace(better="lower")}
    figure = draw(_scores(), _summary(), rows, "A ring", LOOKS, PAIRS)
    assert _points(figure.axes[0], "x")[0][0] > 8.0


def test_means_and_intervals_are_those_of_the_summary_and_n_beside_them(figure: Figure) -> None:
    axis = figure.axes[0]
    assert [points.tolist() for points in _points(axis, "|")] == [[3.0], [7.5]]
    bars = [np.asarray(line.get_xdata()).tolist() for line in axis.lines if line.get_linewidth() == 2.2]
    assert bars == [[0.5, 9.9]]
    assert [word for word in words(axis) if word.startswith("n = ")] == ["n = 3", "n = 2", "n = 0"]


def test_an_interval_that_leaves_the_panel_ends_in_an_arrow(figure: Figure) -> None:
    axis = figure.axes[0]
    assert axis.get_xlim()[1] < 9.9
    assert [points.tolist() for points in _points(axis, ">")] == [[axis.get_xlim()[1]]]


def test_real_data_are_a_dashed_line_in_the_rows_that_have_them(figure: Figure) -> None:
    real = [[line.get_xdata()[0] for line in axis.lines if line.get_linestyle() == "--"] for axis in figure.axes]
    assert real == [[8.0]] * 3 + [[]] * 3


def test_a_metric_without_a_direction_has_no_best_value(figure: Figure) -> None:
    best = figure.axes[4]
    assert "neither more nor less is better" in words(best)
    assert not best.lines


def test_the_key_counts_the_runs(figure: Figure) -> None:
    assert key_of(figure)[:3] == ["plain (3 runs)", "regularised (3 runs)", "wild (3 runs)"]


def test_a_long_title_does_not_widen_the_first_column() -> None:
    wide = {
        metric: row._replace(title="A measure with a title that is longer than its panel is wide")
        for metric, row in ROWS.items()
    }
    left, middle, right = draw(_scores(), _summary(), wide, "A ring", LOOKS, PAIRS).axes[:3]
    left.figure.canvas.draw()
    gaps = middle.get_position().x0 - left.get_position().x1, right.get_position().x0 - middle.get_position().x1
    assert gaps[0] == pytest.approx(gaps[1], abs=0.01)


def _beside(axis: Axes) -> list[str]:
    return [text.get_text() for text in axis.texts]


def test_an_arm_that_lacks_a_metric_has_an_empty_line_there() -> None:
    """It was a KeyError: no figure, no page, after all training."""
    lacking = ["plain", "vendi"]
    scores, summary = (table[~(table[["arm", "metric"]] == lacking).all(axis=1)] for table in (_scores(), _summary()))
    first, *_, last = draw(scores, summary, ROWS, "A ring", LOOKS, PAIRS).axes
    assert len(_points(first, LOOKS["plain"].points["marker"])) > 0
    assert "n = 3" in _beside(first)
    assert "n = 3" not in _beside(last)
    nowhere = draw(scores[scores["arm"] != "plain"], summary[summary["arm"] != "plain"], ROWS, "A ring", LOOKS, PAIRS)
    assert "plain (0 runs)" in key_of(nowhere)


def test_a_run_that_was_not_measured_by_a_metric_is_no_failure_of_it() -> None:
    scores = _scores()
    scores = scores[(scores["arm"] != "plain") | (scores["metric"] != "vendi") | (scores["seed"] == 0)]
    axis = draw(scores, _summary(), ROWS, "A ring", LOOKS, PAIRS).axes[3]
    assert [len(cross) for cross in _points(axis, "x")] == [1, 3], "of the others"
    assert _joined(axis) == [[1.0, 7.0]]


@pytest.mark.parametrize("known", [True, False])
def test_the_key_names_intervals_only_where_there_are_some(known: bool) -> None:
    summary = _summary() if known else _summary().assign(ci_low=np.nan, ci_high=np.nan)
    key = key_of(draw(_scores(), summary, ROWS, "A ring", LOOKS, PAIRS))
    assert any("95% interval" in label for label in key) == known
