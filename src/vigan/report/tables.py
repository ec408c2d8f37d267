"""The report's tables: one per protocol, numbers with n and range, real data beside fakes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from vigan.protocols.registry import KINDS, METRICS
from vigan.report.cells import Cell, Table

DIGITS = 4
MOST_PLACES = 6
"""Places after the point up to which the end of an interval is written without a power of ten."""
NOTHING, MEDIAN = "–", "median "
COUNTED = ("step", "time", "end", "images", "g_updates", "median_step", "median_images", "median_g_updates")
"""Columns of times, whose digits all count."""
LONG = 40
"""Rows beyond which a table is folded."""

SPREAD = (
    "mean over seeds [its 95% interval], or the median where the metric has no highest or lowest value; below it the "
    "lowest and the highest seed, and n"
)
MEASURED_REAL = "another sample of real data, measured in the same way."
STATED_REAL = "as the study states it."
OVER_SEEDS = "{protocol}: each run's last, best and mean-over-training value (area), as {spread}. Real: {real}"
SEED_BY_SEED = (
    "{protocol}: the last value of an arm minus that of its partner, seed by seed, as {spread}. "
    "Better and equal in: of all seeds; a run without a value is worse than any. p: exact sign test, two-sided, of "
    "these (where no direction is better, of the n in which both runs have a value), not corrected for the number of "
    "rows."
)


def score_tables(summary: pd.DataFrame, floors: pd.DataFrame) -> Iterator[Table]:
    """Last, best and area of every arm of one experiment, with the value of real data; one table per protocol."""
    real = floors.set_index(["metric", "protocol"])["value"].to_dict()
    for protocol, part in summary.groupby("protocol", sort=False):
        rows = []
        for metric, arms in part.groupby("metric", sort=False):
            floor = number(real.get((metric, protocol), NOTHING))
            rows += [
                _score_row(str(metric), str(arm), scores, floor) for arm, scores in arms.groupby("arm", sort=False)
            ]
        columns = ["metric", "arm", "last", "best", "area", "real", "diverged runs"]
        told = MEASURED_REAL if KINDS[str(protocol).split("/")[0]].measured else STATED_REAL
        caption = OVER_SEEDS.format(protocol=protocol, spread=SPREAD, real=told)
        yield Table(caption, columns, rows, "tables/summary.csv")


def _score_row(metric: str, arm: str, scores: pd.DataFrame, floor: str) -> list[Cell]:
    by_score = {row.score: spread(row) for row in scores.itertuples()}
    numbers = [by_score["last"], by_score["best"], by_score["area"]]
    return [Cell(_title(metric)), Cell(arm), *numbers, Cell(floor), Cell(str(scores["diverged"].iloc[0]))]


def pair_tables(pairs: pd.DataFrame) -> Iterator[Table]:
    """Differences seed by seed of one experiment; one table per protocol, none where no arms are pairs."""
    for protocol, part in pairs.groupby("protocol", sort=False):
        rows = [_pair(row) for row in part.itertuples()]
        columns = ["metric", "pair", "difference", "better in", "equal in", "p"]
        yield Table(SEED_BY_SEED.format(protocol=protocol, spread=SPREAD), columns, rows, "tables/pair-summary.csv")


def _pair(row) -> list[Cell]:  # noqa: ANN001 - a named tuple made by pandas
    directed = METRICS[row.metric].better != "none"
    counts = [Cell(f"{count} of {row.pairs}" if directed else NOTHING) for count in (row.second_better, row.equal)]
    return [
        Cell(_title(row.metric)),
        Cell(f"{row.second} − {row.first}"),
        spread(row),
        *counts,
        Cell(p_value(row.p_two_sided)),
    ]


def plain_table(frame: pd.DataFrame, caption: str, name: str, *, folded: bool = False) -> Table:
    """Any table as it is, folded if `folded` or long; digests are shortened."""
    rows = [
        [Cell(cell(str(column), value)) for column, value in zip(frame.columns, row, strict=True)]
        for row in frame.to_numpy(object)
    ]
    columns = [str(column) for column in frame.columns]
    return Table(caption, columns, rows, f"tables/{name}.csv", folded=folded or len(rows) > LONG)


def settings_table(arms: pd.DataFrame, caption: str) -> Table:
    """The table of arms: one row per arm, one column per setting; settings that no arm has are omitted."""
    kept = arms.dropna(axis=1, how="all").drop(columns="experiment", errors="ignore")
    columns = ["arm", *(str(name) for name in kept.columns if name != "arm")]
    rows = [
        [Cell(cell(name, value)) for name, value in zip(columns, row, strict=True)]
        for row in kept[columns].to_numpy(object)
    ]
    return Table(caption, columns, rows, "tables/arms.csv", folded=True, named=True)


def number(value: object) -> str:
    """A float with four significant digits, a missing value as a dash, anything else as it is."""
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}".replace("-", "−").replace("inf", "∞") if value == value else NOTHING
    return NOTHING if value is pd.NA else str(value)


def interval(low: float, high: float) -> str:
    """An interval in brackets, its ends to the same place: four digits of the larger, of either at least one."""
    last = max(map(_power, (low, high))) - DIGITS + 1
    return f"[{_rounded(low, last)}, {_rounded(high, last)}]"


def _power(value: float) -> int:
    """The power of ten of the first digit."""
    return math.floor(math.log10(abs(value))) if value and math.isfinite(value) else -99


def _rounded(value: float, last: int) -> str:
    """A number to the place of 10^last, or to its first digit."""
    places = -min(last, _power(value))
    if 0 < places <= MOST_PLACES:
        return f"{value:.{places}f}".rstrip("0").rstrip(".").replace("-", "−")
    return number(round(value, places) if math.isfinite(value) else value)


def spread(row) -> Cell:  # noqa: ANN001 - a named tuple made by pandas
    """Mean or median with its interval, range and n of a row of estimates."""
    if not row.n:
        return Cell(NOTHING)
    if row.n == 1:
        return Cell(number(row.center), "n = 1")
    if row.low == row.high:
        return Cell(number(row.center), f"the same in all {row.n}")
    ends = "" if row.ci_low != row.ci_low else f" {interval(row.ci_low, row.ci_high)}"
    name = MEDIAN if row.center_of == "median" else ""
    return Cell(f"{name}{number(row.center)}{ends}", f"{number(row.low)} to {number(row.high)}, n = {row.n}")


def p_value(value: float) -> str:
    """A p-value with two digits, nothing where there is none."""
    if value != value:
        return NOTHING
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def cell(column: str, value: object) -> str:
    """A table value as text; a digest is shortened, and a time is not rounded."""
    if column.endswith("_sha256") and isinstance(value, str):
        return value[:12]
    return f"{value:.15g}" if column in COUNTED and isinstance(value, float) and value == value else number(value)


def _title(metric: str) -> str:
    arrow = {"lower": "\N{NO-BREAK SPACE}↓", "higher": "\N{NO-BREAK SPACE}↑", "none": ""}[METRICS[metric].better]
    return METRICS[metric].title + arrow
