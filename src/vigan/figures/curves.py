"""Small multiples over training: each arm's center over seeds, its interval, the range of seeds, real data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from vigan.figures.layout import (
    COLUMNS,
    Part,
    Title,
    add_facet_heading,
    add_height,
    by_iteration,
    columns_for,
    facets_with,
    key,
    log_scale,
    nothing,
    set_titles,
    stacked,
)
from vigan.figures.style import ENOUGH, INK, PALE, SOFT, Look, Looks, step_name
from vigan.figures.summary_rows import with_interval

HEIGHT = 2.6
MOST_STEPS = 150
"""Longer curves are thinned to every second, third, ... row and the last."""
FEW = 60
"""Rows up to which the edges of the range are drawn at full strength."""
FAINT_IN_ALL = 0.25
"""Total opacity of the light bands of all arms; the dark ones have four times as much."""


class Panel(NamedTuple):
    """One metric: title, subtitle, the value of real data, whether its axis is logarithmic if all values are > 0.

    On a logarithmic axis an arm that is always 0 is listed instead of drawn.
    """

    title: str
    subtitle: str = ""
    real: float | None = None
    logarithmic: bool = False


def draw(
    curves: pd.DataFrame,
    panels: Mapping[str, Panel],
    heading: str,
    facets: Sequence[Looks],
    diverged: Mapping[str, int],
    titles: Sequence[str] = (),
    *,
    older: bool = False,
) -> Figure:
    """One panel per metric: line = center over seeds, inner band = its 95% interval, outer = lowest to highest.

    `curves` has the columns arm, metric, step, n, center, low, high, ci_low, ci_high, and may have center_of, which
    says what the center is: mean or median. A cross marks a drop of n; `diverged` counts the diverged runs of each arm.
    Facets are stacked, with the same axis limits, each with its title and without the panels of metrics that none of
    its arms has, or in which all are always 0, which its notes say; those without a curve are left out. `older`: an
    earlier version made the table, by its own method.
    """
    curves = curves[curves["metric"].isin(panels)]
    drawn, named = facets_with(set(curves["arm"]), facets, titles)

    def part(figure: Part, place: int) -> None:
        looks = drawn[place]
        own = curves[curves["arm"].isin(looks)]
        moving = {metric: _moves(rows, panels[str(metric)]) for metric, rows in own.groupby("metric")}
        shown = {metric: panel for metric, panel in panels.items() if moving.get(metric)}
        still = [panel.title for metric, panel in panels.items() if shown and moving.get(metric) is False]
        _part(figure, curves, shown or panels, looks)
        zero = [f"Always 0, and not drawn: {'; '.join(still)}."] if still else []
        add_facet_heading(figure, place, heading, _notes(curves, older=older), named, zero)
        real = any(panel.real is not None for panel in panels.values())
        arms = [look.handle(_label(curves, arm, diverged.get(arm, 0))) for arm, look in looks.items()]
        key(figure, arms, _legend(curves, real))

    return stacked(len(drawn), part) if drawn else nothing(heading)


def _part(figure: Part, curves: pd.DataFrame, panels: Mapping[str, Panel], looks: Looks) -> None:
    """All panels of one facet."""
    columns = columns_for(len(panels))
    rows = -(-len(panels) // columns)
    add_height(figure, HEIGHT * rows + 1.2)
    axes = figure.subplots(rows, columns, squeeze=False)
    titles = [
        _panel(axis, _thinned(curves[curves["metric"] == metric]), panel, looks, columns)
        for axis, (metric, panel) in zip(axes.flat, panels.items(), strict=False)
    ]
    for axis in axes.flat[: len(panels)]:
        axis.update_datalim([(curves["step"].min(), 0), (curves["step"].max(), 0)], updatey=False)
        axis.autoscale_view(scaley=False)
    set_titles(axes, titles)


def _panel(axis: Axes, curves: pd.DataFrame, panel: Panel, looks: Looks, columns: int) -> Title:
    """Draw one panel for some arms, on the scale of all; returns its title and notes."""
    finite = {str(arm): part.dropna(subset="center") for arm, part in curves.groupby("arm", sort=False)}
    fit = {arm: part for arm, part in finite.items() if len(part) and not (panel.logarithmic and _zero(part))}
    drawn = [arm for arm in fit if arm in looks]
    for place, arm in enumerate(sorted(drawn, key=lambda arm: looks[arm].dashed)):
        _bands(axis, fit[arm], looks[arm], len(drawn))
        _line(axis, fit[arm], looks[arm], place)
        _falls(axis, fit[arm], looks[arm], ends=int(curves["step"].max()))
    by_iteration(axis, bins=5 if columns == COLUMNS else 6, name=step_name(looks))
    _scale(axis, pd.concat([curves[:0], *fit.values()]), panel)
    here = {arm: part for arm, part in finite.items() if arm in looks}
    notes = {
        "": [panel.subtitle] if panel.subtitle else [],
        "0 at every logged iteration: ": [arm for arm, part in here.items() if len(part) and arm not in drawn],
        "never finite: ": [arm for arm, part in here.items() if part.empty],
    }
    return Title(panel.title, [what + ", ".join(named) for what, named in notes.items() if named])


def _zero(part: pd.DataFrame) -> bool:
    return not part[["low", "high"]].to_numpy().any()


def _moves(rows: pd.DataFrame, panel: Panel) -> bool:
    """Whether a panel has more to show than arms that are always 0; beside what real data have that is a result."""
    finite = [part.dropna(subset="center") for _, part in rows.groupby("arm")]
    return panel.real is not None or not all(len(part) > 0 and _zero(part) for part in finite)


def _bands(axis: Axes, part: pd.DataFrame, look: Look, arms: int) -> None:
    """Range and interval, fainter with more arms, and the range's edges."""
    steps, sure = part["step"], part["n"] >= ENOUGH
    light, dark = FAINT_IN_ALL / arms, 4 * FAINT_IN_ALL / arms
    axis.fill_between(steps, part["low"], part["high"], color=look.colour, alpha=min(0.07, light), linewidth=0)
    axis.plot(steps, part[["low", "high"]], color=look.colour, linewidth=0.6 if len(part) <= FEW else 0.3, alpha=0.5)
    ends = part["ci_low"].where(sure), part["ci_high"].where(sure)
    axis.fill_between(steps, *ends, color=look.colour, alpha=min(0.22, dark), linewidth=0)


def _line(axis: Axes, part: pd.DataFrame, look: Look, place: int) -> None:
    every = max(1, len(part) // 6)
    marked = {"markersize": 4.5, "markevery": (place % every, every)}
    axis.plot(part["step"], part["center"], **look.line, **look.points, **marked, linewidth=1.6, zorder=2.5)


def _falls(axis: Axes, part: pd.DataFrame, look: Look, ends: int) -> None:
    """Crosses at the last point before each drop of n, with the lowest n beside the last cross."""
    counts = _counts(part, ends)
    at = part[np.diff(counts) < 0]
    if at.empty:
        return
    axis.plot(at["step"], at["center"], "x", color=look.colour, markersize=9, markeredgewidth=2, zorder=4)
    last = (at["step"].iloc[-1], at["center"].iloc[-1])
    axis.annotate(f"n = {counts[-1]}", last, (7, 5), textcoords="offset points", fontsize=8, color=look.ink, bbox=PALE)


def _counts(part: pd.DataFrame, ends: int) -> np.ndarray:
    """The n of an arm and metric at each point, and at the end of all: 0 if it has none there."""
    return np.append(part["n"], part["n"].iloc[-1] if part["step"].iloc[-1] == ends else 0)


def _scale(axis: Axes, values: pd.DataFrame, panel: Panel) -> None:
    """Axis limits that show the range, the interval and real data; a logarithmic axis may cut the interval off."""
    if panel.real is not None:
        axis.axhline(panel.real, color=INK, linestyle="--", linewidth=1, zorder=1.5)
    known = [*values["low"], *values["high"], *([] if panel.real is None else [panel.real])]
    if not known:
        axis.set_yticks([])
        return
    low, high = min(known), max(known)
    if panel.logarithmic and low > 0:
        log_scale(axis, "y", low, high)
        axis.set_ylim(low / 1.5, high * 1.5)
        return
    sure = values.loc[values["n"] >= ENOUGH, ["ci_low", "ci_high"]].to_numpy(float)
    low, high = np.nanmin([low, *sure.ravel()]), np.nanmax([high, *sure.ravel()])
    if low < high:
        axis.set_ylim(low - 0.07 * (high - low), high + 0.07 * (high - low))


def _thinned(curves: pd.DataFrame) -> pd.DataFrame:
    steps = np.sort(curves["step"].unique())
    kept = {*steps[:: _stride(len(steps))], *steps[-1:]}
    return curves[curves["step"].isin(kept)]


def _stride(steps: int) -> int:
    return -(-steps // MOST_STEPS)


def _notes(curves: pd.DataFrame, *, older: bool) -> list[str]:
    stride = _stride(curves["step"].nunique())
    if curves["n"].max() <= 1:
        lines = "Lines: one run each (n = 1)."
    elif older:
        lines = "Lines: mean over n runs, one a seed; intervals are those of an earlier version."
    elif "center_of" in curves and set(curves["center_of"]) == {"median"}:
        lines = "Lines: median over n runs, one a seed."
    else:
        lines = "Lines: mean over n runs, one a seed (median of measures without bounds)."
    return [lines + (f" One in {stride} logged iterations is drawn." if stride > 1 else "")]


def _label(curves: pd.DataFrame, arm: str, diverged: int) -> str:
    """An arm's name and n, and to which it falls in the course of a line: to 0 if that ends before other arms'."""
    part, ends = curves[curves["arm"] == arm], curves.groupby("metric")["step"].max()
    counts = [_counts(rows, ends[metric]) for metric, rows in part.groupby("metric")]
    fallen = [count for line in counts for count in line[line < np.maximum.accumulate(line)]]
    least, most = int(part["n"].min()), int(part["n"].max())
    if fallen:
        return f"{arm} (n = {most}, falls to {min(fallen)}" + (f": {diverged} diverged)" if diverged else ")")
    return f"{arm} (n = {most})" if least == most else f"{arm} (n = {least} to {most})"


def _legend(curves: pd.DataFrame, real: bool) -> list[Patch | Line2D]:
    handles: list[Patch | Line2D] = []
    if with_interval(curves).any():
        handles.append(Patch(facecolor=SOFT, alpha=0.4, label="95% interval of the line"))
    if curves["n"].max() > 1:
        handles.append(Patch(facecolor="#eeeeee", edgecolor=SOFT, linewidth=0.6, label="lowest to highest run"))
    if real:
        handles.append(Line2D([], [], color=INK, linewidth=1, linestyle="--", label="real against real"))
    return handles
