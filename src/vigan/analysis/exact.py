"""Exact tests and intervals, valid at any number of runs: for a share, a median, a sign."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom, binomtest

from vigan.metrics.validate import MetricError, check

Alternative = Literal["less", "greater"]


class Interval(NamedTuple):
    """An estimate, its interval, and the number of runs it is from; NaN where there is none."""

    estimate: float
    low: float
    high: float
    n: int


def share_test(successes: int, n: int, share: float, alternative: Alternative) -> float:
    """Exact binomial p-value for "the probability of success is greater (less) than `share`"; 1 for n = 0."""
    return float(binomtest(successes, n, share, alternative).pvalue) if n else 1.0


def share_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Share of successes with its Clopper-Pearson interval, which covers at least `level` at every n.

    It contains the shares that neither one-sided exact test at (1 - level) / 2 rejects. n = 0: [0, 1] around NaN.
    """
    if n == 0:
        return Interval(np.nan, 0.0, 1.0, 0)
    ends = binomtest(successes, n).proportion_ci(level, method="exact")
    return Interval(successes / n, float(ends.low), float(ends.high), n)


def median_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Median with the interval between two order statistics that covers the population's with at least `level`.

    The one from the k-th lowest to the k-th highest value misses it with probability at most 2 P(B < k), B binomial
    (n, 1/2), whatever the distribution (David and Nagaraja 2003, Order Statistics, section 7.1). With fewer
    than six values there is none at 0.95: its ends are NaN. Raises MetricError on NaN or infinity.
    """
    (column,) = check(0, values=np.asarray(values, dtype=np.float64).reshape(-1, 1))
    ordered = np.sort(column[:, 0])
    n = len(ordered)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    outer = int(binom.ppf((1 - level) / 2, n, 0.5))
    if binom.cdf(outer, n, 0.5) > (1 - level) / 2:
        outer -= 1
    middle = float(np.median(ordered))
    if outer < 0:
        return Interval(middle, np.nan, np.nan, n)
    return Interval(middle, float(ordered[outer]), float(ordered[n - 1 - outer]), n)


def scaled(interval: Interval, low: float, high: float) -> Interval:
    """An interval for a number in [0, 1], mapped to [low, high]. Raises MetricError unless these are such bounds."""
    if not -np.inf < low < high < np.inf:
        raise MetricError(f"bounds {low:g} and {high:g}: both must be finite, the first the lower")
    estimate, lower, upper = (low + (high - low) * value for value in interval[:3])
    return Interval(estimate, lower, upper, interval.n)


def sign_test(differences: ArrayLike) -> float:
    """Two-sided exact p-value for "positive and negative differences are not equally frequent"; zeros do not count.

    1 where all are zero. Raises MetricError on NaN or infinity.
    """
    (column,) = check(0, differences=np.asarray(differences, dtype=np.float64).reshape(-1, 1))
    positive, unlike = int((column > 0).sum()), int((column != 0).sum())
    return min(1.0, 2 * min(share_test(positive, unlike, 0.5, side) for side in ("less", "greater")))
