"""Events and last values by K and lambda: a heat map of each, with share or mean, interval and n in every cell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure

from vigan.analysis.exact import share_interval
from vigan.config.arms import Arm
from vigan.config.base import digest_of
from vigan.figures.layout import Title, add_heading, columns_for, nothing, set_titles
from vigan.figures.style import ENOUGH, INK, WIDTH, luminance
from vigan.figures.summary_rows import Estimate, by_arm, with_interval

PALETTE = "cividis"
"""Perceptually uniform, and nearly the same under red-green colour blindness (Nuñez et al. 2018, PLOS ONE 13(7))."""
EMPTY = "#f2f2f2"
POINTS = 0.85 * 72 * WIDTH
"""Total width of the panels of a row, in points."""
LETTER, LARGEST = 0.65, 8.0
"""Width of a character relative to the font size, and the largest font size of a cell in points."""
REDUCTIONS = {True: "sum", False: "mean"}


class Panel(NamedTuple):
    """One metric, or the share of runs with an event: title, protocol, and which direction is better (drawn bright)."""

    title: str
    subtitle: str
    better: Literal["lower", "higher", "none"]
    share: bool = False


class Cells(NamedTuple):
    """The arms of the map by (K, lambda), the reduction that lambda multiplies, and the arms left out.

    Of these, the `crowded` differ from those shown in K and lambda alone: they have no cell of their own.
    """

    arms: Mapping[tuple[int, float], str]
    reduction: str
    left_out: Sequence[str]
    crowded: Sequence[str]


def draw(summary: pd.DataFrame, panels: Mapping[str, Panel], heading: str, shown: Cells) -> Figure:
    """One heat map per metric, or event, that the arms shown have, K upwards and lambda to the right.

    `summary` has the columns arm, metric, n, center, low, high, ci_low, ci_high, diverged: the last values over seeds,
    and shares of runs (`shares`).
    """
    measured = summary[summary["arm"].isin(list(shown.arms.values()))]
    panels = {metric: panel for metric, panel in panels.items() if metric in set(measured["metric"])}
    if not panels:
        return nothing(heading)
    columns = columns_for(len(panels))
    rows = -(-len(panels) // columns)
    height = 0.62 * len(_axes(shown)[0]) + 1.25
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height * rows + 0.8), squeeze=False)
    for axis, (metric, panel) in zip(axes.flat, panels.items(), strict=False):
        _panel(axis, by_arm(summary[summary["metric"] == metric]), panel, shown, POINTS / columns)
    set_titles(axes, [Title(panel.title, [panel.subtitle]) for panel in panels.values()])
    add_heading(figure, heading, *_notes(shown, measured, panels))
    return figure


def shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Rows for `draw`: the share of each arm's `n` runs that had an event (arm, event, n, events), as its metric.

    Their interval is exact (Clopper and Pearson 1934) at every n, so that few runs need no range in its place.
    """
    found = [share_interval(int(events), int(n)) for events, n in zip(counts["events"], counts["n"], strict=True)]
    low, high = [one.low for one in found], [one.high for one in found]
    ends = {"low": low, "high": high, "ci_low": low, "ci_high": high}
    known = counts[["arm", "n"]].assign(metric=counts["event"], center=[one.estimate for one in found])
    return known.assign(**ends, diverged=0)


def cells(arms: Mapping[str, Arm]) -> Cells:
    """The largest set of arms, including a plain one, that differ only in K and lambda, with one arm per cell.

    K is all that a reading determines. Lambda's two reductions have no common axis: the more frequent one is shown.
    """
    alike: dict[str, dict[str, Arm]] = {}
    for name, arm in arms.items():
        alike.setdefault(_else(arm), {})[name] = arm
    with_plain = [group for group in alike.values() if any(not arm.regularised for arm in group.values())]
    group = max(with_plain or list(alike.values()), key=len)
    summed = [arm.lambda_sum is not None for arm in group.values() if arm.regularised]
    by_sum = sum(summed) > len(summed) / 2
    placed: dict[tuple[int, float], str] = {}
    for name, arm in group.items():
        if not arm.regularised or (arm.lambda_sum is not None) == by_sum:
            placed.setdefault((arm.k, arm.lambda_), name)
    shown = set(placed.values())
    left_out, crowded = ([name for name in names if name not in shown] for names in (arms, group))
    return Cells(placed, REDUCTIONS[by_sum], left_out, crowded)


def _else(arm: Arm) -> str:
    return digest_of(arm.model_dump(mode="json", exclude={"reading", "updates_per_batch", "lambda_mean", "lambda_sum"}))


def _panel(axis: Axes, known: Mapping[str, Estimate], panel: Panel, shown: Cells, width: float) -> None:
    ks, lambdas = _axes(shown)
    placed = {place: arm for place, arm in shown.arms.items() if arm in known}
    means = np.full((len(ks), len(lambdas)), np.nan)
    for (k, weight), arm in placed.items():
        means[ks.index(k), lambdas.index(weight)] = known[arm].center
    colours = plt.get_cmap(PALETTE + ("_r" if panel.better == "lower" else ""))
    scale = _scale([known[arm] for arm in placed.values() if known[arm].n])
    mesh = axis.pcolormesh(np.ma.masked_invalid(means), cmap=colours, norm=scale, edgecolors="white", linewidth=2)
    mesh.set_zorder(0)
    axis.set_facecolor(EMPTY)
    decimals = _decimals([known[arm] for arm in placed.values()])
    labels = {arm: _cell_text(known[arm], decimals) for arm in placed.values()}
    size = _size(labels.values(), width / len(lambdas))
    for (k, weight), arm in placed.items():
        ink = _ink(to_rgb(colours(scale(known[arm].center)))) if known[arm].n else INK
        where = (lambdas.index(weight) + 0.5, ks.index(k) + 0.5)
        axis.text(*where, labels[arm], ha="center", va="center", color=ink, fontsize=size, linespacing=1.3)
    _frame(axis, shown)


def _frame(axis: Axes, shown: Cells) -> None:
    ks, lambdas = _axes(shown)
    axis.grid(visible=False)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_xticks(np.arange(len(lambdas)) + 0.5, [f"{weight:g}" for weight in lambdas])
    axis.set_yticks(np.arange(len(ks)) + 0.5, [str(k) for k in ks])
    axis.set_xlabel(f"λ (times the {shown.reduction} over coordinates)")
    axis.set_ylabel("K: G updates per batch")


def _axes(shown: Cells) -> tuple[list[int], list[float]]:
    """Every K and every lambda of the map, ascending."""
    return sorted({k for k, _ in shown.arms}), sorted({weight for _, weight in shown.arms})


def _scale(estimates: Sequence[Estimate]) -> Normalize:
    """From the lowest center to the highest, at least as wide as a typical interval, lest chance be painted bright."""
    centers = [estimate.center for estimate in estimates] or [0.5]
    typical = float(np.median([high - low for low, high in map(_ends, estimates)] or [0.0]))
    span = max(max(centers) - min(centers), typical) or 2.0
    middle = (min(centers) + max(centers)) / 2
    return Normalize(middle - span / 2, middle + span / 2)


def _cell_text(estimate: Estimate, decimals: int) -> str:
    """Text of a cell: value, interval, n, and the number of diverged runs."""
    n, lost = estimate.n, f"\n{estimate.diverged} diverged" if estimate.diverged else ""
    if not n:
        return f"no value\nn = 0{lost}"
    center, low, high = (_number(number, decimals) for number in (estimate.center, *_ends(estimate)))
    spread = f"\n{low} to {high}" if low != high or n > 1 else ""
    return f"{center}{spread}\nn = {n}{lost}"


def _size(labels: Iterable[str], width: float) -> float:
    """The font size at which the labels fit into cells of this width; both in points."""
    longest = max(len(line) for text in labels for line in text.splitlines())
    return min(LARGEST, width / (LETTER * longest))


def _number(value: float, decimals: int) -> str:
    """A number with so many decimals and a minus sign, which a zero never has."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")


def _ends(estimate: Estimate) -> tuple[float, float]:
    """The interval of the center; the range of the runs where there is none or they are fewer than `ENOUGH`."""
    if estimate.n >= ENOUGH and np.isfinite(estimate.ci_low):
        return estimate.ci_low, estimate.ci_high
    return estimate.low, estimate.high


def _decimals(estimates: Sequence[Estimate]) -> int:
    """Decimals that give three digits for the largest number of a panel, the same for all its cells."""
    numbers = [abs(end) for estimate in estimates if estimate.n for end in (estimate.center, *_ends(estimate))]
    order = math.floor(math.log10(max(numbers, default=0.0) or 1.0))
    return max(0, 2 - order if order >= 0 else 1 - order)


def _ink(colour: Sequence[float]) -> str:
    """Black or white, whichever has more contrast with the colour."""
    return "black" if (luminance(colour) + 0.05) ** 2 > 1.05 * 0.05 else "white"


def _notes(shown: Cells, measured: pd.DataFrame, panels: Mapping[str, Panel]) -> list[str]:
    known = measured[measured["metric"].isin([metric for metric, panel in panels.items() if not panel.share])]
    undirected = any(panel.better == "none" for panel in panels.values())
    more = " (where neither is, yellow is more)" if undirected else ""
    of_values = (
        f"In each cell: mean of the runs' last values (median of measures without bounds), {_ends_in_words(known)}, "
        "number of runs."
    )
    of_events = "Of events: share of the runs, its exact 95% interval, number of runs."
    kinds = {panel.share for panel in panels.values()}
    notes = [note for note, share in ((of_values, False), (of_events, True)) if share in kinds]
    notes += [
        f"Yellow is better than blue{more}; each panel has its own scale, at least as wide as a typical interval."
    ]
    if others := [name for name in shown.left_out if name not in shown.crowded]:
        notes.append(f"Not shown, since they differ in more than K and λ: {', '.join(others)}.")
    if shown.crowded:
        other = REDUCTIONS[shown.reduction != REDUCTIONS[True]]
        why = f"their cell is another arm's, or their λ multiplies the {other}"
        notes.append(f"Not shown, since {why}: {', '.join(shown.crowded)}.")
    return notes


def _ends_in_words(known: pd.DataFrame) -> str:
    """What `_ends` are of the cells that have two."""
    sure = with_interval(known[known["n"] > 1])
    if not sure.any():
        return "the lowest and highest"
    return "its 95% interval" if sure.all() else "its 95% interval (of few runs the lowest and highest)"
