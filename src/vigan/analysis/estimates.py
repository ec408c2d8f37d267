"""Curves and end points over seeds: n beside every number, no best run picked, no diverged run left out."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

from vigan.analysis.tables import RUN_KEYS
from vigan.metrics.catalogue import CHECKS, METRICS

ARM_KEYS = ["experiment", "arm", "reading"]
MEASURE_KEYS = ["metric", "protocol"]
SCORES = ("last", "best", "area")


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

    "Best" is the lowest or highest value after step 0, as the metric's better direction says, NaN where it has none.
    A run that diverged, or whose last samples are not finite, has no last value and no area: they are NaN, never the
    values it had while it lived.
    """
    rows = []
    ends: dict[Hashable, float] = metrics.groupby(RUN_KEYS)["step"].max().to_dict()
    compared = metrics[~metrics["metric"].isin(CHECKS)]
    for keys, run in compared.groupby([*RUN_KEYS, *MEASURE_KEYS], sort=False):
        run = run.sort_values("step")
        steps, values = run["step"].to_numpy(float), run["value"].to_numpy(float)
        lived = steps[-1] == ends[keys[:4]] and not (run["status"] == "diverged").any()
        last, area = (values[-1], _area(steps, values)) if lived else (np.nan, np.nan)
        rows.append((*keys, last, _best(values[steps > 0], METRICS[str(keys[4])].sign), area))
    return pd.DataFrame(rows, columns=[*RUN_KEYS, *MEASURE_KEYS, *SCORES])


def _best(values: np.ndarray, sign: int) -> float:
    return float(sign * (sign * values).max()) if sign and len(values) else np.nan


def _area(steps: np.ndarray, values: np.ndarray) -> float:
    if len(steps) < 2:
        return float(values[-1])
    return float(np.trapezoid(values, steps) / (steps[-1] - steps[0]))


def summary(scores: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Mean, lowest and highest over seeds of last, best and area per arm, metric and protocol.

    n counts the runs that have the number, `diverged` those of the arm that diverged.
    """
    diverged = runs[runs["status"] == "diverged"].groupby("arm").size()
    long = scores.melt([*RUN_KEYS, *MEASURE_KEYS], list(SCORES), var_name="score", value_name="value")
    table = _spread(long, [*ARM_KEYS, *MEASURE_KEYS, "score"])
    table["diverged"] = table["arm"].map(diverged).fillna(0).astype(int)
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
    """Mean, lowest and highest difference over the seeds of each pair, and in how many the second arm is better.

    `pairs` counts the seeds, n those in which both runs have a last value. A run that has one is better than one that
    diverged.
    Metrics without a better direction have neither better nor equal seeds.
    """
    keys = ["experiment", "first", "second", *MEASURE_KEYS]
    sign = pairs["metric"].map(lambda metric: METRICS[str(metric)].sign)
    survived = pairs["last_first"].isna() & pairs["last_second"].notna()
    died_both = pairs["last_first"].isna() & pairs["last_second"].isna()
    judged = pairs.assign(
        second_better=(sign != 0) & ((sign * pairs["difference"] > 0) | survived),
        equal=(sign != 0) & ((pairs["difference"] == 0) | died_both),
    )
    grouped = judged.groupby(keys, sort=False)
    table = grouped["difference"].agg(pairs="size", n="count", mean="mean", low="min", high="max")
    return table.join(grouped[["second_better", "equal"]].sum()).reset_index()
