"""Curves show the mean, its interval, the range and real data of every metric, and how many runs stand behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vigan.figures.curves import MOST_STEPS, Panel, draw
from vigan.figures.style import COLOURS, INK, looks

from .made_up import key_of, panel, words

TITLES = {"modes": "Modes captured", "frechet": "Fréchet", "recall": "Recall", "vendi": "Vendi", "jsd": "JSD"}
PANELS = {metric: Panel(title) for metric, title in TITLES.items()}
ARMS = {"plain": False, "regularised": True}
LOOKS = looks(ARMS)
VALUES = ["center", "low", "high", "ci_low", "ci_high"]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def _table(n: tuple[int, ...] = (3, 3, 3), steps: tuple[int, ...] = (0, 20, 60), base: float = 10.0) -> pd.DataFrame:
    """Metrics of two arms: mean base * arm + step / 10, from 2 below it to 3 above, its interval from 1 to 2."""
    rows = [
        (arm, metric, step, count, mean := base * place + step / 10, mean - 2, mean + 3, mean - 1, mean + 2)
        for metric in TITLES
        for place, arm in enumerate(ARMS)
        for step, count in zip(steps, n, strict=True)
    ]
    return pd.DataFrame(rows, columns=["arm", "metric", "step", "n", "center", "low", "high", "ci_low", "ci_high"])


def _drawn(
    table: pd.DataFrame, panels: Mapping[str, Panel] = PANELS, diverged: Mapping[str, int] | None = None
) -> Figure:
    return draw(table, panels, "A ring", [LOOKS], diverged or {})


def _means(axis: Axes) -> dict[str, Line2D]:
    """The line with an arm's markers, by arm."""
    by_marker = {look.marker: arm for arm, look in LOOKS.items()}
    return {by_marker[str(line.get_marker())]: line for line in axis.lines if line.get_marker() in by_marker}


def _corners(axis: Axes, place: int) -> set[tuple[float, float]]:
    return {tuple(corner) for corner in np.asarray(axis.collections[place].get_paths()[0].vertices).tolist()}


def _real(axis: Axes) -> list[float]:
    return [float(np.asarray(line.get_ydata())[0]) for line in axis.lines if line.get_color() == INK]


@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_there_is_one_panel_per_metric_and_no_empty_one(count: int) -> None:
    figure = _drawn(_table(), dict(list(PANELS.items())[:count]))
    assert [axis.get_title(loc="left") for axis in figure.axes] == list(TITLES.values())[:count]
    assert {axis.get_xlabel() for axis in figure.axes} == {"iteration"}


def test_a_line_is_the_mean_of_an_arm_in_its_colour_dashed_if_it_is_plain() -> None:
    lines = _means(panel(_drawn(_table()), "Recall"))
    for place, arm in enumerate(ARMS):
        points = [[0, 10.0 * place], [20, 10.0 * place + 2], [60, 10.0 * place + 6]]
        assert np.asarray(lines[arm].get_xydata()).tolist() == points
        assert to_hex(lines[arm].get_color()).upper() == COLOURS[place]
    assert {arm: line.is_dashed() for arm, line in lines.items()} == {"plain": True, "regularised": False}


def test_the_outer_band_is_the_range_and_the_inner_one_the_interval() -> None:
    axis = panel(_drawn(_table()), "Recall")
    assert len(axis.collections) == 4
    regularised, plain = _corners(axis, 0), _corners(axis, 2)
    assert {(0, -2), (0, 3), (20, 0), (20, 5), (60, 4), (60, 9)} <= plain
    assert {y for x, y in plain if x == 60} == {4, 9}
    assert {y for x, y in regularised if x == 60} == {14, 19}
    assert {y for x, y in _corners(axis, 3) if x == 60} == {5, 8}


def test_up_to_two_runs_have_a_range_but_no_interval() -> None:
    figure = _drawn(_table((2, 2, 2)))
    assert all(not band.get_paths() for band in panel(figure, "Recall").collections[1::2])
    assert _corners(panel(figure, "Recall"), 0)
    assert key_of(figure) == ["plain (n = 2)", "regularised (n = 2)", "lowest to highest run"]


def test_real_data_are_dashed_in_the_panels_that_have_them_and_named() -> None:
    figure = _drawn(
        _table(), PANELS | {"modes": Panel("Modes captured", real=8.0), "recall": Panel("Recall", real=0.5)}
    )
    assert {title: _real(panel(figure, title)) for title in ("Modes captured", "Recall", "Vendi")} == {
        "Modes captured": [8.0], "Recall": [0.5], "Vendi": [],
    }  # fmt: skip
    assert "real against real" in key_of(figure)
    assert "real against real" not in key_of(_drawn(_table()))


def test_where_n_falls_a_cross_and_the_key_say_so() -> None:
    figure = _drawn(_table((5, 5, 2)), diverged={"plain": 3, "regularised": 0})
    assert key_of(figure)[:2] == ["plain (n = 5, falls to 2: 3 diverged)", "regularised (n = 5, falls to 2)"]
    axis = panel(figure, "Recall")
    crosses = [np.asarray(line.get_xydata()).tolist() for line in axis.lines if line.get_marker() == "x"]
    assert crosses == [[[20, 12.0]], [[20, 2.0]]]
    assert words(axis).count("n = 2") == 2


def test_an_arm_that_ends_before_the_others_falls_to_no_runs() -> None:
    table = _table()
    figure = _drawn(table[(table["arm"] == "regularised") | (table["step"] == 0)], diverged={"plain": 3})
    assert key_of(figure)[:2] == ["plain (n = 3, falls to 0: 3 diverged)", "regularised (n = 3)"]
    assert "n = 0" in words(panel(figure, "Recall"))


def test_an_arm_without_a_metric_leaves_its_panel_to_the_others() -> None:
    table = _table()
    table = table[(table["arm"] == "regularised") | (table["metric"] != "vendi")]
    lines = _means(panel(_drawn(table), "Vendi"))
    assert list(lines) == ["regularised"]
    assert to_hex(lines["regularised"].get_color()).upper() == COLOURS[1]


def test_panels_show_the_same_iterations_also_where_nothing_is_drawn() -> None:
    table = _table()
    table.loc[table["metric"] == "modes", VALUES] = np.nan
    figure = _drawn(table, {"modes": Panel("Drift", logarithmic=True), "recall": Panel("Penalty")})
    figure.canvas.draw()
    assert _means(panel(figure, "Drift")) == {}
    assert "never finite: plain, regularised" in words(panel(figure, "Drift"))
    assert panel(figure, "Drift").get_xlim() == panel(figure, "Penalty").get_xlim()


def test_a_panel_in_which_every_arm_is_always_zero_is_left_out_not_drawn_empty() -> None:
    table = _table()
    table.loc[table["metric"] == "modes", VALUES] = 0.0
    figure = _drawn(table, {"modes": Panel("Drift", logarithmic=True), "recall": Panel("Penalty")})
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["Penalty"]
    assert "Always 0, and not drawn: Drift." in "".join(words(figure))
    linear = _drawn(table, {"modes": Panel("Weighted terms"), "recall": Panel("Penalty")})
    assert "Always 0, and not drawn: Weighted terms." in "".join(words(linear))
    beside_real = _drawn(table, {"modes": Panel("Modes", real=8.0), "recall": Panel("Penalty")})
    assert len(beside_real.axes) == 2, "a measure at 0 beside real data is a result"
    alone = _drawn(table, {"modes": Panel("Drift", logarithmic=True)})
    assert "0 at every logged iteration: plain, regularised" in words(panel(alone, "Drift")), "a figure is never empty"


def test_an_axis_shows_the_whole_interval() -> None:
    table = _table()
    table.loc[table["metric"] == "recall", ["ci_low", "ci_high"]] = -9.0, 9.0
    figure = _drawn(table)
    low, high = panel(figure, "Recall").get_ylim()
    assert (low < -9, high > 9) == (True, True)
    assert panel(_drawn(table.assign(n=2)), "Recall").get_ylim()[0] > -9, "of so few runs none is drawn"


def test_an_arm_that_is_always_zero_is_named_instead_of_drawn_on_a_logarithmic_axis() -> None:
    table = _table(base=100.0)
    table.loc[table["arm"] == "plain", VALUES] = 0.0
    figure = _drawn(table, {"modes": Panel("Drift", logarithmic=True), "recall": Panel("Penalty")})
    assert list(_means(panel(figure, "Drift"))) == ["regularised"]
    assert panel(figure, "Drift").get_yscale() == "log"
    assert "0 at every logged iteration: plain" in words(panel(figure, "Drift"))
    assert sorted(_means(panel(figure, "Penalty"))) == ["plain", "regularised"]


def test_values_below_zero_keep_the_axis_linear() -> None:
    assert panel(_drawn(_table(), {"modes": Panel("Drift", logarithmic=True)}), "Drift").get_yscale() == "linear"


def test_an_arm_without_a_finite_value_is_named() -> None:
    table = _table()
    table.loc[table["arm"] == "plain", ["center", "low", "high"]] = np.nan
    assert "never finite: plain" in words(panel(_drawn(table), "Recall"))


def test_long_curves_are_thinned_and_say_so_but_keep_their_end() -> None:
    steps = tuple(range(0, 2 * MOST_STEPS + 20, 1))
    figure = _drawn(_table((3,) * len(steps), steps), {"modes": Panel("Modes")})
    drawn = np.asarray(_means(panel(figure, "Modes"))["plain"].get_xdata())
    assert len(drawn) <= MOST_STEPS + 1
    assert drawn[-1] == steps[-1]
    assert (
        "Lines: mean over n runs, one a seed (median of measures without bounds). One in 3 logged iterations is drawn."
        in words(figure)
    )


def test_medians_alone_are_not_called_means() -> None:
    told = {
        center: " ".join(words(draw(_table().assign(center_of=center), PANELS, "A ring", [LOOKS], {})))
        for center in ("mean", "median")
    }
    assert "Lines: median over n runs, one a seed." in told["median"]
    assert "Lines: mean over n runs" in told["mean"]


def test_means_of_an_earlier_version_are_not_called_medians() -> None:
    told = [" ".join(words(draw(_table(), PANELS, "A ring", [LOOKS], {}, older=older))) for older in (False, True)]
    assert ["median" in words_ for words_ in told] == [True, False]
    assert "earlier version" in told[1]


def test_metrics_of_different_n_are_no_fall() -> None:
    """ "(n = 10, falls to 3)" was said where no run was lost."""
    table = _table((5, 5, 5))
    table.loc[table["metric"] == "modes", "n"] = 3
    assert key_of(_drawn(table))[:2] == ["plain (n = 3 to 5)", "regularised (n = 3 to 5)"]
    rising = _table((2, 5, 5))
    assert key_of(_drawn(rising))[:2] == ["plain (n = 2 to 5)", "regularised (n = 2 to 5)"]
    both = _table((2, 5, 4))
    assert key_of(_drawn(both))[0] == "plain (n = 5, falls to 4)"


def test_intervals_that_no_panel_has_are_not_in_the_key() -> None:
    assert "95% interval of the line" in key_of(_drawn(_table()))
    assert "95% interval of the line" not in key_of(_drawn(_table().assign(ci_low=np.nan, ci_high=np.nan)))


def test_a_facet_without_a_curve_is_left_out() -> None:
    """Of one seed it was no figure at all: its key had nothing to say. Of more its panels were empty."""
    figures = [
        draw(table, PANELS, "A ring", [LOOKS, looks({"theirs": False})], {}, ["K = 2", "Not trained here"])
        for table in (_table(), _table(n=(1, 1, 1)))
    ]
    for figure in figures:
        text = " ".join(words(figure))
        assert "A ring. K = 2" in text
        assert "Not trained here" not in text
        assert len(figure.axes) == len(PANELS)
