"""Small multiples of estimates over training: the mean of each arm's seeds, their range, the floor."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vigan.figures.style import colour_of

COLUMNS = 3
PANEL = (3.4, 2.5)


def draw(
    curves: pd.DataFrame, titles: Mapping[str, str], heading: str, floors: Mapping[str, float] | None = None
) -> Figure:
    """One panel per metric in `titles` (column name to title): line = mean over seeds, band = lowest to highest.

    `curves` has the columns arm, metric, step, n, mean, low, high; `floors` maps a metric to its value for real
    against real data, drawn dashed.
    """
    arms = list(dict.fromkeys(curves["arm"]))
    rows = -(-len(titles) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(PANEL[0] * COLUMNS, PANEL[1] * rows + 0.5), squeeze=False)
    for axis, (metric, title) in zip(axes.flat, titles.items(), strict=False):
        _panel(axis, curves[curves["metric"] == metric], arms)
        axis.set_title(title)
        axis.set_xlabel("iteration")
        if floors and metric in floors:
            axis.axhline(floors[metric], color="#555555", linestyle="--", linewidth=1, label="real against real")
    for axis in axes.flat[len(titles) :]:
        axis.remove()
    figure.suptitle(f"{heading}\n{_seeds(curves)}", x=0.01, ha="left", fontsize=11)
    shown = [axis.get_legend_handles_labels() for axis in axes.flat[: len(titles)]]
    by_label = {label: handle for handles, labels in shown for handle, label in zip(handles, labels, strict=True)}
    figure.legend(by_label.values(), by_label.keys(), loc="outside lower left", ncols=4)
    return figure


def _panel(axis: Axes, curves: pd.DataFrame, arms: list[str]) -> None:
    for arm in arms:
        curve = curves[curves["arm"] == arm]
        colour = colour_of(arm, arms)
        axis.fill_between(curve["step"], curve["low"], curve["high"], color=colour, alpha=0.18, linewidth=0)
        axis.plot(curve["step"], curve["mean"], color=colour, linewidth=1.6, label=arm)


def _seeds(curves: pd.DataFrame) -> str:
    lowest, highest = curves["n"].min(), curves["n"].max()
    if highest == 1:
        return "n = 1 seed"
    count = f"{lowest}" if lowest == highest else f"{lowest} to {highest}"
    return f"line: mean of n = {count} seeds; band: their lowest to highest value"
