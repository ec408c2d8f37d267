"""Event and censoring times of runs, Kaplan-Meier curves, and cumulative incidence."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy.stats import CensoredData, ecdf

from vigan.analysis.exact import share_interval
from vigan.metrics.validate import Floats, MetricError


class EventTime(NamedTuple):
    """Step of an event, or, with `observed` false, the step at which it was censored."""

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
    lasting: bool = False,
) -> EventTime:
    """First step of the first `consecutive` evaluations in a row whose value is < `below` times the reference.

    The reference is the run's maximum up to and including that evaluation, or a number; values are those of a metric
    that is high when all is well and never negative. Evaluations before step `after`, and those before the run has
    first reached `once_above`, do not count, and neither do values that are not finite. Without such a stretch the run
    is censored at its last step, even if it ends in a low stretch shorter than `consecutive`. With `lasting` the
    stretch must go on to the last value that is finite.

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
    if lasting:
        low &= _to_the_end(low | _after_the_last_value(scores))
    return _first(at, _starts(low, consecutive))


def divergence(steps: ArrayLike, values: ArrayLike) -> EventTime:
    """First step whose value is not finite, else censored at the last step. Raises MetricError as `collapse_onset`."""
    at, scores = _trajectory(steps, values)
    return _first(at, np.isnan(scores))


def time_to_reach(
    steps: ArrayLike, values: ArrayLike, *, target: float, better: Literal["lower", "higher"]
) -> EventTime:
    """First step whose value is at `target` or better, else censored at the last step.

    A value that is not finite never reaches it. Give a diverged run NaN up to the end of its schedule: censored where
    it diverged, it would count as a run that might still have reached it. Raises MetricError as `collapse_onset` does.
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


def _to_the_end(true: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where it is true from there on."""
    return np.logical_and.accumulate(true[::-1])[::-1]


def _after_the_last_value(scores: Floats) -> NDArray[np.bool_]:
    return _to_the_end(np.isnan(scores))


def _finite(**given: float) -> float:
    ((name, value),) = given.items()
    if not np.isfinite(value):
        raise MetricError(f"{name} = {value}: nothing is below or beyond it; give a number")
    return value


def _starts(low: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Where a stretch of `length` begins."""
    padded = np.append(low, np.zeros(length - 1, dtype=bool))
    return np.asarray(sliding_window_view(padded, length).all(axis=1))


def _first(steps: Floats, event: NDArray[np.bool_]) -> EventTime:
    return EventTime(float(steps[np.argmax(event)]), True) if event.any() else EventTime(float(steps[-1]), False)


def kaplan_meier(times: ArrayLike, observed: ArrayLike, level: float = 0.95) -> pd.DataFrame:
    """Share of runs without the event so far: columns time, survival, low, high, at_risk; a step at each row.

    Starts at (0, 1), ends at the largest time; `at_risk` counts the runs just before. Ends are Clopper-Pearson's: of
    the runs known to be without the event for the lower one, of these and the censored ones for the upper one. They
    hold pointwise: at each time they cover with at least `level`, which makes no band of them. Raises MetricError on no
    runs, on times that are negative or not finite, and on arrays of different length.
    """
    at, occurred = _checked_times(times, observed)
    curve = ecdf(_censored(at, occurred)).sf
    since = np.append(-np.inf, curve.quantiles)  # the first row is before everything, also before an event at 0
    free = [int(np.count_nonzero((at > time) | ((at == time) & ~occurred))) for time in since]
    struck = [int(np.count_nonzero((at <= time) & occurred)) for time in since]
    rows = {
        "time": np.append(0.0, curve.quantiles),
        "survival": np.append(1.0, curve.probabilities),
        "low": [share_interval(count, len(at), level).low for count in free],
        "high": [1 - share_interval(count, len(at), level).low for count in struck],
        "at_risk": [len(at), *(np.count_nonzero(at >= time) for time in curve.quantiles)],
    }
    return pd.DataFrame(rows)


def cumulative_incidence(times: ArrayLike, causes: ArrayLike, level: float = 0.95) -> pd.DataFrame:
    """Share of runs with each kind of event: columns cause, time, incidence, low, high (Aalen and Johansen 1978).

    `causes` are strings, "" for a run that is censored at its time. One row per cause and time of an event. Ends are
    Clopper-Pearson's, with censored runs counted as without the event for the lower one and with it for the upper.
    They hold pointwise, as `kaplan_meier`'s do.
    Raises MetricError as `kaplan_meier` does.
    """
    words = np.asarray(causes, dtype=object)
    at, occurred = _checked_times(times, words != "")
    grid = np.unique(at[occurred])
    risk = np.array([np.count_nonzero(at >= time) for time in grid], dtype=float)
    ended = np.array([np.count_nonzero(occurred & (at == time)) for time in grid], dtype=float)
    alive = np.append(1.0, np.cumprod(1 - ended / risk)[:-1]) if len(grid) else np.empty(0)
    rows = []
    for cause in dict.fromkeys(words[occurred]):
        of_cause = np.array([np.count_nonzero((words == cause) & (at == time)) for time in grid])
        incidence = np.cumsum(alive * of_cause / risk)
        for time, value in zip(grid[of_cause > 0], incidence[of_cause > 0], strict=True):
            struck = int(np.count_nonzero((words == cause) & (at <= time)))
            unknown = int(np.count_nonzero(~occurred & (at < time)))
            ends = share_interval(struck, len(at), level).low, share_interval(struck + unknown, len(at), level).high
            rows.append((cause, float(time), float(value), *ends))
    return pd.DataFrame(rows, columns=["cause", "time", "incidence", "low", "high"])


def _checked_times(times: ArrayLike, observed: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    at, occurred = np.asarray(times, dtype=np.float64), np.asarray(observed, dtype=bool)
    if at.ndim != 1 or at.shape != occurred.shape or at.size == 0:
        raise MetricError(
            f"times of shape {at.shape} with observed of shape {occurred.shape}: expected one row of each"
        )
    if not (np.isfinite(at).all() and (at >= 0).all()):
        raise MetricError("times: negative or not finite")
    return at, occurred


def _censored(times: Floats, observed: NDArray[np.bool_]) -> CensoredData:
    return CensoredData.right_censored(times, ~observed)
