"""The study's tables as a reader wants them: one per protocol, numbers with n and range, real data beside fakes."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from vigan.metrics.catalogue import METRICS
from vigan.report.page import Table

DIGITS = 4
NOTHING = "–"
OVER_SEEDS = (
    "{protocol}: mean [lowest, highest] over n seeds of each run's last, best and mean-over-training value (area); "
    "real: another sample of real data, measured in the same way."
)
SEED_BY_SEED = "{protocol}: seed by seed, the last value with the regulariser minus the last value without."


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
        yield Table(OVER_SEEDS.format(protocol=protocol), columns, rows, "tables/summary.csv")


def _score_row(metric: str, arm: str, scores: pd.DataFrame, floor: str) -> list[str]:
    text = {row.score: spread(row) for row in scores.itertuples()}
    return [_title(metric), arm, text["last"], text["best"], text["area"], floor, str(scores["diverged"].iloc[0])]


def pair_tables(pairs: pd.DataFrame) -> Iterator[Table]:
    """Differences seed by seed of one experiment; one table per protocol, none where no arms are pairs."""
    for protocol, part in pairs.groupby("protocol", sort=False):
        rows = [_pair(row) for row in part.itertuples()]
        columns = ["metric", "pair", "difference", "better in", "equal in"]
        yield Table(SEED_BY_SEED.format(protocol=protocol), columns, rows, "tables/pair-summary.csv")


def _pair(row) -> list[str]:  # noqa: ANN001 - a named tuple made by pandas
    directed = METRICS[row.metric].better != "none"
    counts = [f"{count} of {row.pairs}" if directed else NOTHING for count in (row.second_better, row.equal)]
    return [_title(row.metric), f"{row.second} − {row.first}", spread(row), *counts]


def plain_table(frame: pd.DataFrame, caption: str, name: str) -> Table:
    """Any table as it is; digests are shortened."""
    rows = [
        [_cell(str(column), value) for column, value in zip(frame.columns, row, strict=True)]
        for row in frame.to_numpy(object)
    ]
    return Table(caption, [str(column) for column in frame.columns], rows, f"tables/{name}.csv")


def number(value: object) -> str:
    """A float with four significant digits, anything else as it is."""
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)


def spread(row) -> str:  # noqa: ANN001 - a named tuple made by pandas
    """Mean, range and n of a row of estimates."""
    if not row.n:
        return NOTHING
    range_of_seeds = f" [{number(row.low)}, {number(row.high)}]" if row.n > 1 else ""
    return f"{number(row.mean)}{range_of_seeds}, n = {row.n}"


def _title(metric: str) -> str:
    arrow = {"lower": " ↓", "higher": " ↑", "none": ""}[METRICS[metric].better]
    return METRICS[metric].title + arrow


def _cell(column: str, value: object) -> str:
    return str(value)[:12] if column.endswith("_sha256") else number(value)
