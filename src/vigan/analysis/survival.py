"""Collapse and arrival as times: when a run's event came, or until when it had not come."""

from __future__ import annotations

import warnings
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy.stats import CensoredData, binomtest, ecdf, logrank

from vigan.analysis.uncertainty import Interval
from vigan.metrics.validate import Floats, MetricError

Alternative = Literal["two-sided", "less", "greater"]


class Onset(NamedTuple):
    """Step of an event, or (`observed` false) the last step up to which it had not come."""

    time: float
    observed: bool


def collapse_onset(
    steps: ArrayLike,
    values: ArrayLike,
    *,
    below: float,
    relative_to: Literal["running-maximum"] | float,
    consecutive: int,
    once_above: float,
    after: float = 0.0,
) -> Onset:
    """First step of the first `consecutive` evaluations in a row whose value is < `below` times the reference.

    The reference is the run's maximum up to and including that evaluation, or a number; values are those of a metric
    that is high when all is well and never negative. Evaluations before step `after`, and those before the run has
    first reached `once_above`, do not count. A value that is not finite (diverged) is an event at its step, whatever
    came before. Else the run is censored at its last step, also when it ends in a stretch that is low but shorter
    than `consecutive`.

    Raises:
        MetricError: no evaluations, steps that do not ascend, another number of values, a reference that is not
            finite, or `consecutive` < 1.
    """
    at, scores = _trajectory(steps, values)
    if consecutive < 1:
        raise MetricError(f"consecutive = {consecutive}: a stretch has at least one evaluation")
    highest = np.fmax.accumulate(scores)
    reference = highest if relative_to == "running-maximum" else _finite(relative_to=relative_to)
    low = (at >= after) & (highest >= once_above) & (scores < below * reference)
    return _first(at, _starts(low, consecutive) | np.isnan(scores))


def time_to_reach(steps: ArrayLike, values: ArrayLike, *, target: float, better: Literal["lower", "higher"]) -> Onset:
    """First step whose value is at `target` or better, else censored at the last step.

    A value that is not finite never reaches. Give a diverged run NaN up to the end of its schedule: censored where
    it died it would count as one that might still have arrived. Raises MetricError as `collapse_onset` does.
    """
    at, scores = _trajectory(steps, values)
    _finite(target=target)
    return _first(at, scores <= target if better == "lower" else scores >= target)


def _trajectory(steps: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    """Steps and values, whatever is not finite as NaN."""
    at, scores = np.asarray(steps, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if at.ndim != 1 or at.shape != scores.shape or at.size == 0:
        raise MetricError(f"steps of shape {at.shape} with values of shape {scores.shape}: expected one row of each")
    if not (np.isfinite(at).all() and (np.diff(at) > 0).all()):
        raise MetricError("steps: not ascending; sort the run by step and leave one value a step")
    return at, np.where(np.isfinite(scores), scores, np.nan)


def _finite(**given: float) -> float:
    ((name, value),) = given.items()
    if not np.isfinite(value):
        raise MetricError(f"{name} = {value}: nothing is below or beyond it; give a number")
    return value


def _starts(low: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Where a stretch of `length` begins."""
    padded = np.append(low, np.zeros(length - 1, dtype=bool))
    return np.asarray(sliding_window_view(padded, length).all(axis=1))


def _first(steps: Floats, event: NDArray[np.bool_]) -> Onset:
    return Onset(float(steps[np.argmax(event)]), True) if event.any() else Onset(float(steps[-1]), False)


def kaplan_meier(times: ArrayLike, observed: ArrayLike, level: float = 0.95) -> pd.DataFrame:
    """Share of runs whose event has not come: columns time, survival, low, high, at_risk; a step at each row.

    Starts at (0, 1), ends at the largest time; `at_risk` counts the runs just before. Ends of the interval are
    Greenwood's on the log-log scale, 1 before the first event and NaN where survival is 0: there it has none.
    Raises MetricError on no runs, on times that are negative or not finite, and on arrays of different length.
    """
    at, came = _lives(times, observed)
    curve = ecdf(_censored(at, came)).sf
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The confidence interval is undefined", RuntimeWarning)
        ends = curve.confidence_interval(level, method="log-log")
    untouched = curve.probabilities == 1
    rows = {
        "time": np.append(0.0, curve.quantiles),
        "survival": np.append(1.0, curve.probabilities),
        "low": np.append(1.0, np.where(untouched, 1.0, ends.low.probabilities)),
        "high": np.append(1.0, np.where(untouched, 1.0, ends.high.probabilities)),
        "at_risk": [len(at), *(np.count_nonzero(at >= time) for time in curve.quantiles)],
    }
    return pd.DataFrame(rows)


def log_rank(
    times_a: ArrayLike,
    observed_a: ArrayLike,
    times_b: ArrayLike,
    observed_b: ArrayLike,
    alternative: Alternative = "two-sided",
) -> float:
    """P-value of the log-rank test that two arms have the same hazard; "less": events of `a` are rarer than of `b`.

    A normal approximation, and of unpaired runs; one-sided at 0.05 it rejects equal arms in 0.01 to 0.07 of cases,
    0.07 where n = 5 and nearly all runs have the event (n = 3 to 32, bench/calibration.py). 1 where nothing can be
    said: no event in either arm, or none at which one arm's runs could have been struck and the other's spared.
    Raises MetricError as `kaplan_meier` does.
    """
    a, b = _lives(times_a, observed_a), _lives(times_b, observed_b)
    if not _comparable(a, b):
        return 1.0
    return float(logrank(_censored(*a), _censored(*b), alternative).pvalue)


def restricted_mean(times: ArrayLike, observed: ArrayLike, until: float) -> float:
    """Mean time without the event among the first `until` steps: the area under the Kaplan-Meier curve up to there.

    Raises:
        MetricError: the curve ends before `until` with runs still at risk; and as `kaplan_meier` does.
    """
    curve = kaplan_meier(times, observed)
    time, survival = curve["time"].to_numpy(), curve["survival"].to_numpy()
    if until > time[-1] and survival[-1] > 0:
        raise MetricError(f"until = {until}: no run was watched beyond {time[-1]}; choose an earlier end")
    within = time < until
    return float(np.diff(np.append(time[within], until)) @ survival[within])


def _lives(times: ArrayLike, observed: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    at, came = np.asarray(times, dtype=np.float64), np.asarray(observed, dtype=bool)
    if at.ndim != 1 or at.shape != came.shape or at.size == 0:
        raise MetricError(f"times of shape {at.shape} with observed of shape {came.shape}: expected one row of each")
    if not (np.isfinite(at).all() and (at >= 0).all()):
        raise MetricError("times: negative or not finite")
    return at, came


def _censored(times: Floats, observed: NDArray[np.bool_]) -> CensoredData:
    return CensoredData.right_censored(times, ~observed)


def _comparable(a: tuple[Floats, NDArray[np.bool_]], b: tuple[Floats, NDArray[np.bool_]]) -> bool:
    """Whether the variance of the log-rank statistic is above 0 (scipy would give NaN, or 0 / rounding)."""
    events = np.concatenate([times[came] for times, came in (a, b)])
    in_a, in_b = (np.count_nonzero(times[:, None] >= events, axis=0) for times, _ in (a, b))
    struck = np.count_nonzero(events[:, None] == events, axis=0)
    return bool(((in_a > 0) & (in_b > 0) & (struck < in_a + in_b)).any())


def share_test(successes: int, n: int, share: float, alternative: Alternative = "two-sided") -> float:
    """Exact binomial p-value that the chance of success is `share`; "greater": it is higher. NaN for n = 0."""
    return float(binomtest(successes, n, share, alternative).pvalue) if n else np.nan


def share_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Share of successes with its Clopper-Pearson interval, which covers at least `level` at every n; n = 0 is NaN."""
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    ends = binomtest(successes, n).proportion_ci(level, method="exact")
    return Interval(successes / n, float(ends.low), float(ends.high), n)
