"""Curves and end points over seeds: n beside every number, no best run picked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vigan.analysis.tables import RUN_KEYS
from vigan.metrics.catalogue import METRICS

ARM_KEYS = ["experiment", "arm", "reading"]
MEASURE_KEYS = ["metric", "protocol"]


def curves(metrics: pd.DataFrame) -> pd.DataFrame:
    """Mean, lowest and highest value over seeds, and n, at every step of every arm, metric and protocol."""
    return _spread(metrics, [*ARM_KEYS, *MEASURE_KEYS, "step"])


def telemetry_curves(telemetry: pd.DataFrame) -> pd.DataFrame:
    """Mean, lowest and highest value over seeds, and n, of every telemetry column, in long form."""
    long = telemetry.melt([*RUN_KEYS, "iteration"], var_name="metric", value_name="value")
    return _spread(long.rename(columns={"iteration": "step"}), [*ARM_KEYS, "metric", "step"])


def _spread(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    grouped = table.groupby(keys, sort=False)["value"]
    return grouped.agg(n="count", mean="mean", low="min", high="max").reset_index()


def run_scores(metrics: pd.DataFrame) -> pd.DataFrame:
    """Last, best and mean-over-training (area under the curve over its length) of each run, metric and protocol.

    "Best" is the lowest or highest value as the metric's better direction says; metrics without one are left out.
    """
    rows = []
    for keys, run in metrics.groupby([*RUN_KEYS, *MEASURE_KEYS], sort=False):
        metric = METRICS[str(keys[4])]
        if metric.better == "none":
            continue
        run = run.sort_values("step")
        steps, values = run["step"].to_numpy(float), run["value"].to_numpy(float)
        best = values.min() if metric.better == "lower" else values.max()
        rows.append((*keys, values[-1], best, _area(steps, values)))
    return pd.DataFrame(rows, columns=[*RUN_KEYS, *MEASURE_KEYS, "last", "best", "area"])


def _area(steps: np.ndarray, values: np.ndarray) -> float:
    if len(steps) < 2:
        return float(values[-1])
    return float(np.trapezoid(values, steps) / (steps[-1] - steps[0]))


def summary(scores: pd.DataFrame, statuses: Mapping[str, int]) -> pd.DataFrame:
    """Mean, lowest and highest over seeds of last, best and area, with n, per arm, metric and protocol.

    `statuses` counts the diverged runs per arm: their numbers are in, and their count stands beside.
    """
    long = scores.melt([*RUN_KEYS, *MEASURE_KEYS], var_name="score", value_name="value")
    table = _spread(long, [*ARM_KEYS, *MEASURE_KEYS, "score"])
    table["diverged"] = table["arm"].map(statuses).fillna(0).astype(int)
    return table


def paired_differences(scores: pd.DataFrame, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """Differences (second arm - first arm) seed by seed of the last value, one row per pair, seed, metric, protocol."""
    keys = ["experiment", "seed", *MEASURE_KEYS]
    tables = []
    for first, second in pairs:
        left, right = (scores[scores["arm"] == arm][[*keys, "last"]] for arm in (first, second))
        joined = left.merge(right, on=keys, suffixes=("_first", "_second"))
        joined.insert(0, "second", second)
        joined.insert(0, "first", first)
        joined["difference"] = joined["last_second"] - joined["last_first"]
        tables.append(joined)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=_PAIR_COLUMNS)


_PAIR_COLUMNS = [
    "first", "second", "experiment", "seed", *MEASURE_KEYS, "last_first", "last_second", "difference",
]  # fmt: skip


def pair_summary(pairs: pd.DataFrame) -> pd.DataFrame:
    """Mean, lowest and highest difference over the n seeds of each pair, and in how many the second arm is better."""
    keys = ["experiment", "first", "second", *MEASURE_KEYS]
    signs = pairs["metric"].map(lambda metric: -1.0 if METRICS[str(metric)].better == "lower" else 1.0)
    ahead = pairs.assign(second_better=(signs * pairs["difference"]) > 0, equal=pairs["difference"] == 0)
    grouped = ahead.groupby(keys, sort=False)
    table = grouped["difference"].agg(n="count", mean="mean", low="min", high="max")
    return table.join(grouped[["second_better", "equal"]].sum()).reset_index()
