"""Curves show the mean, the range and the floor of every metric, and how many seeds stand behind them."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from vigan.figures.curves import draw
from vigan.figures.style import COLOURS, colour_of

TITLES = {"modes": "Modes captured", "frechet": "Fréchet", "recall": "Recall", "vendi": "Vendi"}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def _table(n: tuple[int, ...] = (3, 3, 3)) -> pd.DataFrame:
    """Every metric of two arms at steps 0, 20, 60: mean 10 * arm + step / 10, from 1 below it to 2 above."""
    rows = [
        (arm, metric, step, count, mean := 10.0 * place + step / 10, mean - 1, mean + 2)
        for metric in TITLES
        for place, arm in enumerate(("plain", "regularised"))
        for step, count in zip((0, 20, 60), n, strict=True)
    ]
    return pd.DataFrame(rows, columns=["arm", "metric", "step", "n", "mean", "low", "high"])


def _panel(figure: Figure, title: str) -> Axes:
    (panel,) = [axis for axis in figure.axes if axis.get_title(loc="left") == title]
    return panel


def _dashed(axis: Axes) -> list[float]:
    return [float(np.asarray(line.get_ydata())[0]) for line in axis.lines if line.get_linestyle() == "--"]


@pytest.mark.parametrize("count", [1, 3, 4])
def test_there_is_one_panel_per_metric_and_no_empty_one(count: int) -> None:
    titles = dict(list(TITLES.items())[:count])
    figure = draw(_table(), titles, "A ring")
    assert [axis.get_title(loc="left") for axis in figure.axes] == list(titles.values())
    assert {axis.get_xlabel() for axis in figure.axes} == {"iteration"}


def test_a_line_is_the_mean_of_an_arm_in_its_colour() -> None:
    lines = {str(line.get_label()): line for line in _panel(draw(_table(), TITLES, "A ring"), "Recall").lines}
    assert list(lines) == ["plain", "regularised"]
    for place, (arm, line) in enumerate(lines.items()):
        assert np.asarray(line.get_xydata()).tolist() == [
            [0, 10.0 * place],
            [20, 10.0 * place + 2],
            [60, 10.0 * place + 6],
        ]
        assert to_hex(line.get_color()).upper() == COLOURS[place] == colour_of(arm, list(lines))


def test_the_band_goes_from_the_lowest_to_the_highest_value() -> None:
    bands = _panel(draw(_table(), TITLES, "A ring"), "Recall").collections
    assert len(bands) == 2
    for place, band in enumerate(bands):
        corners = {tuple(corner) for corner in np.asarray(band.get_paths()[0].vertices).tolist()}
        base = 10.0 * place
        assert {(0, base - 1), (20, base + 1), (60, base + 5), (0, base + 2), (20, base + 4), (60, base + 8)} <= corners
        assert {y for x, y in corners if x == 60} == {base + 5, base + 8}


def test_the_floor_is_dashed_in_the_panels_that_have_one_and_named() -> None:
    figure = draw(_table(), TITLES, "A ring", {"modes": 8.0, "recall": 0.5, "unknown": 1.0})
    assert {title: _dashed(_panel(figure, title)) for title in TITLES.values()} == {
        "Modes captured": [8.0], "Fréchet": [], "Recall": [0.5], "Vendi": [],
    }  # fmt: skip
    assert "real against real" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_without_floors_nothing_is_dashed() -> None:
    figure = draw(_table(), TITLES, "A ring")
    assert [_dashed(axis) for axis in figure.axes] == [[]] * 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["plain", "regularised"]


@pytest.mark.parametrize(("n", "told"), [((3, 3, 3), "n = 3 seeds"), ((5, 5, 2), "n = 2 to 5 seeds")])
def test_the_heading_states_the_number_of_seeds(n: tuple[int, ...], told: str) -> None:
    heading = draw(_table(n), TITLES, "A ring").get_suptitle()
    assert heading.startswith("A ring\n")
    assert told in heading


def test_an_arm_without_a_metric_leaves_its_panel_to_the_others() -> None:
    table = _table()
    table = table[(table["arm"] == "plain") | (table["metric"] != "vendi")]
    drawn = [line for line in _panel(draw(table, TITLES, "A ring"), "Vendi").lines if len(np.asarray(line.get_xdata()))]
    assert [line.get_label() for line in drawn] == ["plain"]
    assert to_hex(drawn[0].get_color()).upper() == COLOURS[0]
