"""Every run as a point: last value, best value and mean over training, with the runs of one seed joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vigan.figures.layout import add_heading, key, nothing
from vigan.figures.style import ENOUGH, INK, SOFT, WIDTH, Look, Looks
from vigan.figures.summary_rows import Estimate, by_arm, with_interval

SCORES = {"last": "last value", "best": "best value", "area": "mean over training"}
TOP, SPREAD = -0.3, 0.44
"""Vertical offsets of runs from their arm's line; seeds have the same order in every arm."""
BESIDE = 0.32
"""Vertical offset of the center from its arm's line."""
MARGIN = 0.08
MOST_JOINED = 2
"""Most partners of an arm whose runs are joined with theirs."""
FINE: dict[str, Any] = {"fontsize": 8, "color": SOFT}


class Row(NamedTuple):
    """One metric: its title, its protocol, which direction is better, and the value of real data."""

    title: str
    subtitle: str
    better: Literal["lower", "higher", "none"]
    real: float | None = None


class Panel(NamedTuple):
    """One score of one metric, and the centers of the arms that have the metric.

    `values` (seed by arm) is NaN where a run has no value or, where `ran` (seed by arm) is false, where no run was
    measured by it.
    """

    score: str
    values: pd.DataFrame
    ran: pd.DataFrame
    centers: Mapping[str, Estimate]
    row: Row


def draw(
    scores: pd.DataFrame,
    summary: pd.DataFrame,
    rows: Mapping[str, Row],
    heading: str,
    looks: Looks,
    pairs: Sequence[tuple[str, str]],
) -> Figure:
    """One row of panels per metric, with columns `SCORES`; each arm is below its plain partner.

    Runs of one seed are joined where an arm has few partners: lines to many would cover one another.

    `scores` has the columns arm, seed, metric and `SCORES`: a run without a value is a cross at the worst edge.
    `summary` has arm, metric, score, n, center, ci_low, ci_high, diverged.
    """
    if not rows:
        return nothing(heading)
    order, joined = _ordered(list(looks), pairs), _few(pairs)
    height = 0.42 * len(order) + 0.95
    figure, axes = plt.subplots(
        len(rows), len(SCORES), figsize=(WIDTH, height * len(rows) + 1.1), squeeze=False, sharey=True, sharex="row"
    )
    for line, (metric, row) in zip(axes, rows.items(), strict=True):
        known, given = scores[scores["metric"] == metric], summary[summary["metric"] == metric]
        ran = pd.crosstab(known["seed"], known["arm"]).reindex(columns=order, fill_value=0) > 0
        _scale(line[0], known, row, len(order))
        for axis, score in zip(line, SCORES, strict=True):
            values = known.pivot_table(index="seed", columns="arm", values=score, dropna=False).reindex(columns=order)
            _draw_panel(
                axis,
                Panel(score, values, ran.loc[values.index], by_arm(given[given["score"] == score]), row),
                looks,
                joined,
            )
        _label(line, row, order, looks)
    lines = " Thin lines join the runs of one seed in arms that are a pair." if joined else ""
    add_heading(figure, heading, f"Each point is a run.{lines}")
    runs = scores.groupby("arm")["seed"].nunique()
    counts = {arm: int(runs.get(arm, 0)) for arm in order}
    labels = {arm: f"{arm} ({count} run{'' if count == 1 else 's'})" for arm, count in counts.items()}
    key(figure, [_handle(looks[arm], labels[arm]) for arm in order], _legend(rows, scores, summary))
    return figure


def _few(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs of arms that have at most `MOST_JOINED` partners."""
    partners = [first for first, _ in pairs]
    return [(first, second) for first, second in pairs if partners.count(first) <= MOST_JOINED]


def _ordered(arms: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Arms in their order, but with partners right after their plain arm."""
    partners = {second for _, second in pairs}
    return [
        name
        for arm in arms
        if arm not in partners
        for name in (arm, *(second for first, second in pairs if first == arm))
    ]


def _scale(axis: Axes, scores: pd.DataFrame, row: Row, arms: int) -> None:
    """Axis limits that include every value of the row's metric, for all scores, and that of real data."""
    values = scores[list(SCORES)].to_numpy(float).ravel()
    known = np.append(values[np.isfinite(values)], [] if row.real is None else [row.real])
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    wide = (high - low) or 1.0
    axis.set_xlim(low - MARGIN * wide, high + MARGIN * wide)
    axis.set_ylim(arms - 0.45, -0.55)


def _draw_panel(axis: Axes, panel: Panel, looks: Looks, pairs: Sequence[tuple[str, str]]) -> None:
    axis.set_title(SCORES[panel.score], fontsize=9)
    if panel.score == "best" and panel.row.better == "none":
        axis.text(0.5, 0.5, "neither more nor less is better", ha="center", transform=axis.transAxes, **FINE)
        return
    if panel.row.real is not None:
        axis.axvline(panel.row.real, color=INK, linestyle="--", linewidth=1, zorder=1.5)
    values, edge = panel.values, _worst_edge(axis, panel.row)
    heights = _heights(len(values), values.shape[1])
    for first, second in pairs:
        if not {first, second} <= panel.centers.keys():
            continue
        at = [list(values.columns).index(arm) for arm in (first, second)]
        both = panel.ran.to_numpy()[:, at].all(axis=1)
        joined = values.fillna(edge).to_numpy()[:, at][both]
        axis.plot(_broken(joined), _broken(heights[:, at][both]), color=SOFT, linewidth=0.6, alpha=0.6)
    for place, arm in enumerate(values.columns):
        if arm not in panel.centers:
            continue
        axis.plot(values[arm], heights[:, place], **looks[arm].points, linestyle="none", markersize=4, zorder=3)
        _center(axis, panel.centers[arm], place, looks[arm])
        lost = values[arm].isna() & panel.ran[arm]
        _missing(axis, heights[lost, place], looks[arm], edge, panel.centers[arm].diverged)


def _broken(lines: np.ndarray) -> np.ndarray:
    """Lines (n, 2) as one line with gaps, which takes a fifth of the space in the SVG."""
    return np.hstack([lines, np.full((len(lines), 1), np.nan)]).ravel()


def _worst_edge(axis: Axes, row: Row) -> float:
    low, high = axis.get_xlim()
    inset = 0.02 * (high - low)
    return high - inset if row.better == "lower" else low + inset


def _heights(seeds: int, arms: int) -> np.ndarray:
    """Height of each run (seeds, arms)."""
    within = np.linspace(0, SPREAD, seeds) if seeds > 1 else np.array([SPREAD / 2])
    return TOP + within[:, None] + np.arange(arms)


def _center(axis: Axes, estimate: Estimate, place: int, look: Look) -> None:
    """The center of the runs that have a value, with its interval, and their number at the right edge."""
    height = place + BESIDE
    axis.annotate(
        f"n = {estimate.n}", (1, place), (4, 0), ("axes fraction", "data"), "offset points", va="center", **FINE
    )
    if estimate.n >= ENOUGH:
        ends = estimate.ci_low, estimate.ci_high
        axis.plot(ends, [height] * 2, color=look.colour, linewidth=2.2, zorder=3)
        _beyond(axis, ends, height, look)
    if estimate.n:
        axis.plot([estimate.center], [height], "|", color=look.colour, markersize=9, markeredgewidth=2.2, zorder=4)


def _beyond(axis: Axes, ends: tuple[float, float], height: float, look: Look) -> None:
    """Arrows where an interval leaves the panel, whose limits are those of the runs."""
    low, high = axis.get_xlim()
    for end, edge, arrow in ((ends[0] < low, low, "<"), (ends[1] > high, high, ">")):
        if end:
            axis.plot([edge], [height], arrow, color=look.colour, markersize=6, clip_on=False, zorder=4)


def _missing(axis: Axes, heights: np.ndarray, look: Look, edge: float, diverged: int) -> None:
    """Runs without a value, as crosses at the worst edge, and the reason."""
    if not len(heights):
        return
    axis.plot(np.full(len(heights), edge), heights, "x", color=look.colour, markersize=5, zorder=3)
    left = edge < np.mean(axis.get_xlim())
    text = f"{len(heights)} diverged" if len(heights) <= diverged else f"{len(heights)} without a value"
    axis.annotate(
        text, (edge, heights.mean()), (7 if left else -7, 0), textcoords="offset points", va="center",
        ha="left" if left else "right", fontsize=8, color=look.ink,
    )  # fmt: skip


def _label(line: Sequence[Axes], row: Row, order: Sequence[str], looks: Looks) -> None:
    """The metric over the first panel of its row, the arms beside it."""
    first = line[0]
    title = first.annotate(
        row.title, (0, 1), (0, 21), "axes fraction", "offset points", fontsize=10, fontweight="bold", color=INK
    )
    title.set_in_layout(False)  # it may be wider than the first column: the protocol's line keeps its height free
    line[-1].annotate(row.subtitle, (1, 1), (0, 22), "axes fraction", "offset points", ha="right", **FINE)
    first.set_yticks(range(len(order)), order)
    for label, arm in zip(first.get_yticklabels(), order, strict=True):
        label.set_color(looks[arm].ink)
    for axis in line:
        axis.grid(visible=False, axis="y")
        axis.tick_params(axis="y", length=0)


def _handle(look: Look, label: str) -> Line2D:
    return Line2D([], [], linestyle="none", **look.points, label=look.marked(label))


def _legend(rows: Mapping[str, Row], scores: pd.DataFrame, summary: pd.DataFrame) -> list[Line2D]:
    handles: list[Line2D] = []
    if summary["n"].max() > 1:
        wide, text = (2.2, ", its 95% interval") if with_interval(summary).any() else (0, "")
        bar: dict[str, Any] = {"color": SOFT, "marker": "|", "markersize": 9, "markeredgewidth": 2.2}
        handles.append(
            Line2D([], [], **bar, linewidth=wide, label=f"mean over n runs (median of measures without bounds){text}")
        )
    if any(row.real is not None for row in rows.values()):
        handles.append(Line2D([], [], color=INK, linewidth=1, linestyle="--", label="real against real"))
    if scores["last"].isna().any():
        handles.append(Line2D([], [], color=SOFT, marker="x", linestyle="none", label="no value, at the worst edge"))
    return handles
