"""Curves and end points over seeds, each number with n and interval; no best run is picked, no failed run left out."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Set

import numpy as np
import pandas as pd

from vigan.analysis.betting import bounded_mean
from vigan.analysis.exact import median_interval, sign_test
from vigan.analysis.metric_bounds import Bounds, of_differences
from vigan.analysis.summaries import interquartile_mean
from vigan.analysis.tables import RUN_KEYS
from vigan.protocols.registry import METRICS, checks

ARM_KEYS = ["experiment", "arm", "reading"]
MEASURE_KEYS = ["metric", "protocol"]
SCORES = ("last", "best", "area")


def curves(metrics: pd.DataFrame, bounds: Bounds) -> pd.DataFrame:
    """`spread` over seeds at every step of every arm, metric and protocol."""
    return spread(metrics, [*ARM_KEYS, *MEASURE_KEYS, "step"], bounds)


def telemetry_curves(telemetry: pd.DataFrame, logged: Set[tuple[str, str]] | None = None) -> pd.DataFrame:
    """`spread` over seeds of every telemetry column, in long form; of those `logged` (arm, column), if it is given.

    Arms of different models have different columns: a column that an arm lacks is not one that was never finite.
    """
    long = telemetry.melt([*RUN_KEYS, "iteration"], var_name="metric", value_name="value")
    if logged is not None:
        shown = [pair in logged for pair in zip(long["arm"], long["metric"], strict=True)]
        long = long[np.array(shown, dtype=bool)]
    return spread(long.rename(columns={"iteration": "step"}), [*ARM_KEYS, "metric", "step"], _unbounded)


def _unbounded(_experiment: str, _metric: str) -> tuple[float, float]:
    return -np.inf, np.inf


def spread(table: pd.DataFrame, keys: list[str], bounds: Bounds, value: str = "value") -> pd.DataFrame:
    """Per key, among them experiment and metric: n, center, ci_low, ci_high, center_of, mean, low, high over seeds.

    `center` is what the 95% interval is of, and `center_of` its name: the mean of a metric that has a lowest and a
    highest value, and the median of any other. `low` and `high` are the lowest and highest values. The median has no
    interval of fewer than six seeds (NaN). Values that are not finite do not count.
    """
    grouped = table.replace([np.inf, -np.inf], np.nan).groupby(keys, sort=False)[value]
    found = grouped.agg(n="count", mean="mean", low="min", high="max")
    places = keys.index("experiment"), keys.index("metric")
    rows = [_center(values.dropna(), *bounds(*(str(key[place]) for place in places))) for key, values in grouped]
    centers = pd.DataFrame(rows, columns=["center", "ci_low", "ci_high", "center_of"], index=found.index)
    columns = ["n", "center", "ci_low", "ci_high", "center_of", "mean", "low", "high"]
    return found.join(centers)[columns].reset_index()


def _center(values: pd.Series, low: float, high: float) -> tuple[float, float, float, str]:
    if np.isfinite(low) and np.isfinite(high):
        interval, name = bounded_mean(values, low, high), "mean"
    else:
        interval, name = median_interval(values), "median"
    return interval.estimate, interval.low, interval.high, name


def run_scores(metrics: pd.DataFrame) -> pd.DataFrame:
    """Last, best and mean-over-training (area under the curve over its length) of each run, metric and protocol.

    "Best" is the lowest or highest value after step 0, as the metric's better direction says, NaN where it has none.
    A run that diverged, or whose last samples are not finite, has no last value and no area: they are NaN, never the
    values from before it diverged. One that never had a finite value has none of all.
    """
    rows = []
    ends: dict[Hashable, float] = metrics.groupby(RUN_KEYS)["step"].max().to_dict()
    compared = metrics[~metrics["metric"].isin(checks())]
    for keys, run in compared.groupby([*RUN_KEYS, *MEASURE_KEYS], sort=False):
        run = run.sort_values("step")
        steps, values = run["step"].to_numpy(float), run["value"].to_numpy(float)
        survived = steps[-1] == ends[keys[:4]] and not (run["status"] == "diverged").any()
        last, area = (values[-1], _area(steps, values)) if survived else (np.nan, np.nan)
        rows.append((*keys, last, _best(values[steps > 0], METRICS[str(keys[4])].sign), area))
    rows += [(*keys, np.nan, np.nan, np.nan) for keys in _never_finite(metrics, compared)]
    return pd.DataFrame(rows, columns=[*RUN_KEYS, *MEASURE_KEYS, *SCORES])


def _never_finite(metrics: pd.DataFrame, compared: pd.DataFrame) -> Iterator[tuple[Hashable, ...]]:
    """Run, metric and protocol of the numbers that runs lack, for they diverged before the first.

    By each protocol a run is asked for what other runs of its arm have; if none has anything, what other arms have.
    """
    whole = [*RUN_KEYS, *MEASURE_KEYS]
    there = set(compared[whole].drop_duplicates().itertuples(index=False, name=None))
    of_arms = compared.groupby(["experiment", "arm", "protocol"])["metric"].unique().to_dict()
    of_all = compared.groupby(["experiment", "protocol"])["metric"].unique().to_dict()
    failed = metrics[(metrics["status"] == "diverged") & (metrics["metric"] == "finite")]
    for home, arm, reading, seed, protocol in failed[[*RUN_KEYS, "protocol"]].drop_duplicates().itertuples(index=False):
        for metric in of_arms.get((home, arm, protocol), of_all.get((home, protocol), ())):
            if (home, arm, reading, seed, metric, protocol) not in there:
                yield home, arm, reading, seed, metric, protocol


def _best(values: np.ndarray, sign: int) -> float:
    return float(sign * (sign * values).max()) if sign and len(values) else np.nan


def _area(steps: np.ndarray, values: np.ndarray) -> float:
    if len(steps) < 2:
        return float(values[-1])
    return float(np.trapezoid(values, steps) / (steps[-1] - steps[0]))


def summary(scores: pd.DataFrame, runs: pd.DataFrame, bounds: Bounds) -> pd.DataFrame:
    """`spread` over seeds of last, best and area per arm, metric and protocol, and their interquartile mean, `iqm`.

    n counts the runs that have the number, `diverged` those of the arm that diverged.
    """
    diverged = runs[runs["status"] == "diverged"].groupby("arm").size()
    long = scores.melt([*RUN_KEYS, *MEASURE_KEYS], list(SCORES), var_name="score", value_name="value")
    keys = [*ARM_KEYS, *MEASURE_KEYS, "score"]
    middles = long.groupby(keys, sort=False)["value"].agg(lambda values: _middle(values.dropna()))
    table = spread(long, keys, bounds).join(middles.rename("iqm"), on=keys)
    table["diverged"] = table["arm"].map(diverged).fillna(0).astype(int)
    return table


def _middle(values: pd.Series) -> float:
    return float(interquartile_mean(values)) if len(values) else np.nan


def noise(redraws: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """The metric's own noise beside that of seeds, for each arm, metric and protocol that was measured again.

    `latent_sd`: deviation over sets of latents within a run, root mean square over runs, `draws` sets each.
    `seed_sd`: deviation of the runs' last values over `n` seeds (ddof 1), which includes one set's noise.
    """
    keys = [*ARM_KEYS, *MEASURE_KEYS]
    within = redraws.groupby([*RUN_KEYS, *MEASURE_KEYS], sort=False)["value"].agg(["var", "size"]).reset_index()
    table = within.groupby(keys, sort=False).agg(latent_sd=("var", "mean"), draws=("size", "min"))
    table["latent_sd"] **= 0.5
    return table.join(scores.groupby(keys, sort=False)["last"].agg(seed_sd="std", n="count")).reset_index()


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


def pair_summary(pairs: pd.DataFrame, bounds: Bounds) -> pd.DataFrame:
    """`spread` of the differences over the seeds of each pair, and in how many the second arm is better.

    `pairs` counts the seeds, n those in which both runs have a last value. A run that has one is better than one that
    diverged, also in the sign test, `p_two_sided`. Metrics without a better direction have neither better nor equal
    seeds, and are tested over the n; elsewhere the probability of improvement is (better + equal / 2) / pairs.
    """
    keys = ["experiment", "first", "second", *MEASURE_KEYS]
    sign = pairs["metric"].map(lambda metric: METRICS[str(metric)].sign)
    survived = pairs["last_second"].notna().astype(float) - pairs["last_first"].notna().astype(float)
    better = (sign * pairs["difference"]).fillna(survived)
    judged = pairs.assign(
        pairs=1,
        second_better=(sign != 0) & (better > 0),
        equal=(sign != 0) & (better == 0),
        tested=better.where(sign != 0, pairs["difference"]),
    )
    counts = judged.groupby(keys, sort=False)[["pairs", "second_better", "equal"]].sum()
    tests = judged.groupby(keys, sort=False)["tested"].agg(lambda values: sign_test(values.dropna()))
    table = spread(pairs, keys, of_differences(bounds), "difference").join(tests.rename("p_two_sided"), on=keys)
    return table.join(counts, on=keys)
