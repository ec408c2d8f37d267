"""Kaplan-Meier curves of the arms, one panel per event, with a table of runs at risk below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from vigan.figures.layout import (
    Part,
    Title,
    add_facet_heading,
    add_height,
    facets_with,
    key,
    nothing,
    set_titles,
    stacked,
    steps_locator,
    width_of,
)
from vigan.figures.style import FAINT, SOFT, Look, Looks, step_name

HEIGHT, ROW = 3.0, 0.2
NOTHING = "Of no run is it known when it had these events."


class Panel(NamedTuple):
    """One event: what the curve is the share of, and the rule of the event."""

    title: str
    rule: str


def draw(
    survival: pd.DataFrame,
    panels: Mapping[str, Panel],
    heading: str,
    facets: Sequence[Looks],
    titles: Sequence[str] = (),
) -> Figure:
    """One panel per event: a step curve per arm with its 95% interval, and a tick at its end if runs are censored.

    `survival` has the columns arm, event, time, survival, low, high, at_risk, its first row of each curve at time 0.
    Facets are stacked, each with its title, but for those without a curve.
    """
    drawn, named = facets_with(set(survival["arm"]), facets, titles)

    def part(figure: Part, place: int) -> None:
        _part(figure, survival, panels, drawn[place])
        add_facet_heading(figure, place, heading, [], named)

    return stacked(len(drawn), part) if drawn else nothing(heading, NOTHING)


def _part(figure: Part, survival: pd.DataFrame, panels: Mapping[str, Panel], looks: Looks) -> None:
    """All panels of one facet."""
    table = ROW * len(looks) + 0.1
    add_height(figure, HEIGHT + table + 1.35)
    axes = figure.subplots(2, len(panels), squeeze=False, height_ratios=(HEIGHT, table))
    ends = max(1, int(survival["time"].max()))
    shown = survival[survival["arm"].isin(looks)]
    for (upper, lower), event in zip(axes.T, panels, strict=True):
        curves = {str(arm): part for arm, part in shown[shown["event"] == event].groupby("arm", sort=False)}
        ticks = [int(tick) for tick in steps_locator(6).tick_values(0, ends) if 0 <= tick <= ends]
        _curves(upper, curves, looks, ends)
        _at_risk(lower, curves, looks, ticks)
        for axis in (upper, lower):
            axis.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
            axis.set_xlim(-0.02 * ends, 1.04 * ends)
    axes[1, 0].set_yticks(range(len(looks)), list(looks), fontsize=8.5)
    for label, look in zip(axes[1, 0].get_yticklabels(), looks.values(), strict=True):
        label.set_color(look.ink)
    beside = 0.5 + max(0.4, *(width_of(arm, 8.5) for arm in looks)) / len(panels)
    set_titles(axes[:1], [Title(panel.title, [panel.rule]) for panel in panels.values()], beside)
    runs = shown.groupby("arm")["at_risk"].max()
    key(figure, [look.handle(f"{arm} (n = {runs[arm]})") for arm, look in looks.items()], _legend())


def at_risk(curve: pd.DataFrame, time: float) -> int:
    """Runs at risk just before `time`: without the event and not censored."""
    later = curve[curve["time"] >= time]
    return int(later["at_risk"].iloc[0]) if len(later) else 0


def _curves(axis: Axes, curves: Mapping[str, pd.DataFrame], looks: Looks, ends: int) -> None:
    for arm in sorted(curves, key=lambda arm: looks[arm].dashed):
        _curve(axis, curves[arm], looks[arm], ends, alpha=min(0.14, 0.5 / len(curves)))
    axis.set_ylim(-0.03, 1.06)
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.set_ylabel("share of runs")
    axis.set_xlabel(step_name(looks))


def _curve(axis: Axes, curve: pd.DataFrame, look: Look, ends: int, alpha: float) -> None:
    """Dashed arms are drawn last, so a curve below one shows through its gaps."""
    time, survival = curve["time"], curve["survival"]
    axis.fill_between(time, curve["low"], curve["high"], step="post", color=look.colour, alpha=alpha, linewidth=0)
    axis.step(time, survival, where="post", **look.line, linewidth=2)
    fallen = np.flatnonzero(np.diff(survival) < 0) + 1
    axis.plot(time.iloc[fallen], survival.iloc[fallen], **look.points, linestyle="none", markersize=5)
    last = curve.iloc[-1]
    if last["survival"] > 0:
        axis.plot([last["time"]], [last["survival"]], "|", color=look.colour, markersize=13, markeredgewidth=2)
    elif last["time"] < ends:
        axis.plot([last["time"], ends], [0, 0], **look.line, linewidth=2)


def _at_risk(axis: Axes, curves: Mapping[str, pd.DataFrame], looks: Looks, ticks: list[int]) -> None:
    """One row per arm: its number of runs at risk at each tick."""
    axis.grid(visible=False)
    axis.tick_params(length=0, labelbottom=False)
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.set_yticks([])
    axis.set_ylim(len(looks) - 0.5, -0.5)
    axis.set_title("runs at risk", fontsize=8.5, color=SOFT, pad=3)
    for row, arm in enumerate(looks):
        axis.axhline(row - 0.5, color=FAINT, linewidth=0.6)
        for tick in ticks:
            if arm in curves:
                axis.text(tick, row, f"{at_risk(curves[arm], tick)}", ha="center", va="center", fontsize=8.5)


def _legend() -> list[Line2D | Patch]:
    return [
        Line2D([], [], linestyle="none", marker="|", color=SOFT, markersize=11, markeredgewidth=2,
               label="censored: the event had not come"),
        Patch(facecolor=SOFT, alpha=0.2, label="95% interval (Clopper–Pearson)"),
    ]  # fmt: skip
