"""Performance profiles of the arms, and beside them how probably one arm beats each of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from vigan.analysis.metric_bounds import is_steep
from vigan.figures.layout import (
    Part,
    Title,
    add_facet_heading,
    add_height,
    key,
    log_scale,
    nothing,
    set_titles,
    stacked,
    width_of,
)
from vigan.figures.style import SOFT, Look, Looks

HEIGHT, ROW = 1.7, 0.17
NOTE = "Of last values; a run that diverged is worse than any. Right: of the seeds, ties counting half."
NOTHING = "No run has a last value of which more, or less, is better."


class Row(NamedTuple):
    """One metric: its title, protocol, whether higher (+1) or lower (-1) is better, whether it has a highest value."""

    title: str
    protocol: str
    sign: int
    bounded: bool = True


def draw(
    profiles: pd.DataFrame,
    improvements: pd.DataFrame,
    rows: Mapping[str, Row],
    heading: str,
    facets: Sequence[Looks],
    baseline: str,
    titles: Sequence[str] = (),
) -> Figure:
    """Two panels per metric: a step curve per arm with its 95% interval, and a point per arm with its own.

    The tables are those of `vigan.analysis.profiles`. Facets are stacked, each with its title.
    """

    def part(figure: Part, place: int) -> None:
        _part(figure, profiles, improvements, rows, facets[place], baseline)
        add_facet_heading(figure, place, heading, [NOTE], titles)

    return nothing(heading, NOTHING) if profiles.empty else stacked(len(facets), part)


def _part(
    figure: Part,
    profiles: pd.DataFrame,
    improvements: pd.DataFrame,
    rows: Mapping[str, Row],
    looks: Looks,
    baseline: str,
) -> None:
    """All panels of one facet."""
    height = HEIGHT + ROW * len(looks)
    add_height(figure, height * len(rows) + 1.2)
    axes = figure.subplots(len(rows), 2, squeeze=False)
    titles: list[Title] = []
    for (left, right), (metric, row) in zip(axes, rows.items(), strict=True):
        _profiles(left, profiles[profiles["metric"] == metric], looks, row)
        _improvements(right, improvements[improvements["metric"] == metric], looks)
        titles += [Title(row.title, [row.protocol]), Title(f"{baseline} is better than", [row.protocol])]
    set_titles(axes, titles, 0.7 + max(width_of(arm, 8.5) for arm in looks) / 2)
    runs = profiles.groupby("arm")["n"].max()
    arms = [look.handle(f"{arm} (n = {runs.get(arm, 0)})") for arm, look in looks.items()]
    key(figure, arms, [Patch(facecolor=SOFT, alpha=0.2, label="95% interval"), _even()])


def _profiles(axis: Axes, table: pd.DataFrame, looks: Looks, row: Row) -> None:
    sign, low, high = row.sign, float(table["value"].min()), float(table["value"].max())
    steep = is_steep(low, high, bounded=row.bounded)
    if steep:
        log_scale(axis, "x", low, high)
    edge = (low / 1.2 if sign > 0 else high * 1.2) if steep else _edge(low, high, sign)
    for arm in sorted(looks, key=lambda arm: looks[arm].dashed):
        _profile(axis, _to(table[table["arm"] == arm], edge, sign), looks[arm], sign, alpha=min(0.14, 0.5 / len(looks)))
    axis.margins(x=0.02)
    axis.set_ylim(-0.03, 1.06)
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.set_ylabel("share of runs")
    axis.set_xlabel("this value or more" if sign > 0 else "this value or less")


def _edge(low: float, high: float, sign: int) -> float:
    """The end of the axis at which every share is that of the value next to it: a curve may have a single value."""
    beyond = 0.04 * (high - low) or 0.05 * abs(high) or 0.5
    return low - beyond if sign > 0 else high + beyond


def _to(curve: pd.DataFrame, edge: float, sign: int) -> pd.DataFrame:
    """A curve with one more point, at that end."""
    outer = (curve[:1] if sign > 0 else curve[-1:]).assign(value=edge)
    return pd.concat([outer, curve] if sign > 0 else [curve, outer])


def _profile(axis: Axes, curve: pd.DataFrame, look: Look, sign: int, alpha: float) -> None:
    """A step at each value: where higher is better the share holds up to it, else from it on."""
    where = "pre" if sign > 0 else "post"
    axis.fill_between(curve["value"], curve["low"], curve["high"], step=where, color=look.colour, alpha=alpha, lw=0)
    axis.step(curve["value"], curve["share"], where=where, **look.line, linewidth=2)
    best = curve.iloc[-1:] if sign > 0 else curve.iloc[:1]
    axis.plot(best["value"], best["share"], **look.points, linestyle="none", markersize=5)


def _improvements(axis: Axes, table: pd.DataFrame, looks: Looks) -> None:
    known = table.set_index("arm")
    others = [arm for arm in looks if arm in known.index]
    for place, arm in enumerate(others):
        row, look = known.loc[arm], looks[arm]
        axis.plot([row["low"], row["high"]], [place, place], color=look.colour, linewidth=2)
        axis.plot([row["share"]], [place], **look.points, linestyle="none", markersize=6)
    axis.axvline(0.5, color=SOFT, linewidth=1, linestyle=":")
    axis.set_yticks(range(len(others)), others, fontsize=8.5)
    for label, arm in zip(axis.get_yticklabels(), others, strict=True):
        label.set_color(looks[arm].ink)
    axis.set_ylim(max(len(others), 1) - 0.5, -0.5)
    axis.set_xlim(-0.03, 1.03)
    axis.xaxis.set_major_formatter(PercentFormatter(1))
    axis.set_xlabel("probability of improvement")


def _even() -> Line2D:
    return Line2D([], [], color=SOFT, linewidth=1, linestyle=":", label="as good as the arm")
