"""Every run as a dot: geometry for inline SVG, a strip an arm on one scale, and the same numbers as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vigan.report.cells import Cell, Table
from vigan.report.chart import Group
from vigan.report.drawn import Arm, DotChart, DotFacet, DotRow, Tick
from vigan.report.scale import Scale, scale_of
from vigan.report.tables import MEDIAN, NOTHING, number, spread

WIDE, HIGH = 220, 24
"""Size of a strip in pixels."""
EDGE, TOP, SPREAD, BAR = 9, 4, 10, 19
"""Space beside the axis; heights of the first dot, from it to the last, and of the interval."""


class Runs(NamedTuple):
    """One metric of one experiment: `scores` (arm, seed, last), `estimates` of them by arm, and value of real data.

    `estimates` has arm, n, center, center_of, low, high, ci_low, ci_high.
    """

    scores: pd.DataFrame
    estimates: pd.DataFrame
    title: str
    protocol: str
    better: str
    real: float | None
    bounded: bool = True
    """Whether it has a highest value; measures without one, such as distances, may need a logarithmic scale."""


def dot_chart(runs: Runs, groups: Sequence[Group]) -> DotChart:
    """Every run's last value, a row an arm under the heading of its group; arms without a run have none."""
    seeds = sorted({int(seed) for seed in runs.scores["seed"]})
    table = runs.scores.pivot_table(index="arm", columns="seed", values="last", dropna=False, sort=False)
    values: dict[str, np.ndarray] = {
        str(arm): row for arm, row in zip(table.index, table[seeds].to_numpy(), strict=True)
    }
    ran = {str(arm): np.isin(seeds, part["seed"]) for arm, part in runs.scores.groupby("arm")}
    scale = _scale(runs)
    known: dict[str, Any] = {str(row.arm): row for row in runs.estimates.itertuples()}
    facets = [
        DotFacet(
            group.title,
            [
                _row(arm, values[arm.name], ran[arm.name], known.get(arm.name), scale, runs.better)
                for arm in group.arms
                if arm.name in values
            ],
        )
        for group in groups
    ]
    finite = runs.scores["last"].to_numpy(float)
    return DotChart(
        title=runs.title,
        protocol=runs.protocol,
        better=runs.better,
        flat=len(set(finite.tolist())) == 1,
        logarithmic=scale.logarithmic,
        center="median" if "median" in set(runs.estimates["center_of"]) else "mean",
        width=WIDE,
        height=HIGH,
        facets=[facet for facet in facets if facet.rows],
        across=[Tick(_x(scale, at), number(at)) for at in scale.ticks(5)],
        real="" if runs.real is None or runs.real < scale.lowest else _x(scale, runs.real),
        table=_table(seeds, values, ran),
    )


def _scale(runs: Runs) -> Scale:
    ends = runs.estimates[["ci_low", "ci_high"]].to_numpy(float).ravel()
    return scale_of(runs.scores["last"], ends, runs.real, bounded=runs.bounded, margin=0.03)


def _x(scale: Scale, value: float) -> str:
    return f"{EDGE + (WIDE - 2 * EDGE) * scale.share(value):.1f}".removesuffix(".0")


def _row(arm: Arm, values: np.ndarray, ran: np.ndarray, estimate: Any, scale: Scale, better: str) -> DotRow:
    """Dots from top to bottom in the order of the seeds, which is the same in all rows."""
    heights = [
        f"{TOP + SPREAD * place / max(1, len(values) - 1):.1f}".removesuffix(".0") for place in range(len(values))
    ]
    there = [place for place, value in enumerate(values) if math.isfinite(value)]
    worst = _x(scale, scale.highest if better.startswith("lower") else scale.lowest)
    lost = [place for place in range(len(values)) if ran[place] and place not in there]
    told = Cell(NOTHING) if estimate is None else spread(estimate)
    return DotRow(
        arm=arm,
        dots="".join(f"M{_x(scale, values[place])} {heights[place]}h0" for place in there),
        columns=" ".join(map(str, there)),
        lost="".join(f"M{worst} {heights[place]}m-3-3l6 6m0-6l-6 6" for place in lost),
        center=_center(estimate, scale),
        told=told._replace(text=told.text.removeprefix(MEDIAN)),
        alt=f"{arm.name}: {told.text}" + (f", {told.rest}" if told.rest else "") + (_lost(len(lost)) if lost else ""),
    )


def _lost(count: int) -> str:
    return f"; {count} run{'s' * (count != 1)} without a value"


def _center(estimate: Any, scale: Scale) -> str:
    """A tick at the center and a line over its interval, where there are any."""
    if estimate is None or not estimate.n:
        return ""
    tick, low, high = (_x(scale, value) for value in (estimate.center, estimate.ci_low, estimate.ci_high))
    line = "" if estimate.ci_low != estimate.ci_low else f"M{low} {BAR}H{high}"
    return f"M{tick} {BAR - 4}v8{line}"


def _table(seeds: Sequence[int], values: dict[str, np.ndarray], ran: dict[str, np.ndarray]) -> Table:
    """The last values in numbers: a row an arm, a column a seed."""
    words = "In numbers: last values by seed."
    rows = [
        [Cell(arm), *(Cell(number(float(value)) if here else "") for value, here in zip(row, ran[arm], strict=True))]
        for arm, row in values.items()
    ]
    return Table(words, ["arm", *map(str, seeds)], rows, folded=True, named=True)
