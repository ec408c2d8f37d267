"""Estimates by arm, from a summary table."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from vigan.figures.style import ENOUGH


class Estimate(NamedTuple):
    """Center over the `n` runs of an arm that have a value, its 95% interval, their range, number of diverged runs.

    The center is the mean, or the median of a metric without bounds.
    """

    n: int
    center: float
    low: float
    high: float
    ci_low: float
    ci_high: float
    diverged: int


def by_arm(summary: pd.DataFrame) -> dict[str, Estimate]:
    """Estimates of one metric and score, whose rows `summary` holds, by arm."""
    rows = summary[list(Estimate._fields)].itertuples(index=False, name=None)
    return {
        str(arm): Estimate(int(n), *map(float, values), diverged=int(diverged))
        for arm, (n, *values, diverged) in zip(summary["arm"], rows, strict=True)
    }


def with_interval(table: pd.DataFrame) -> pd.Series:
    """Which rows, of n and ci_low, have an interval that is drawn: those of enough runs, if there is one of so few."""
    return (table["n"] >= ENOUGH) & table["ci_low"].notna()
