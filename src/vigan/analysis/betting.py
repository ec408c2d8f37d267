"""Tests and intervals for the mean of bounded outcomes, valid at any number of seeds, even one chosen while looking.

A gambler starts with 1 and bets, seed after seed, that the mean of outcomes in [0, 1] is above m (or below it). If it
is not, the expected capital never exceeds 1, so the probability of ever reaching a capital of 1/alpha is at most alpha,
at whatever seed one stops (Ville's inequality). Nothing is assumed of the distribution but its bounds (Waudby-Smith and
Ramdas 2024, "Estimating means of bounded random variables by betting", J. R. Stat. Soc. B 86(1), arXiv 2010.09686).

Their bets adapt to the data in sequence. Here the capital is the average over a fixed grid of constant bets, which is
equally valid and does not depend on the order of the seeds.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from vigan.analysis.exact import Interval, scaled
from vigan.metrics.validate import Floats, MetricError, check

Side = Literal["above", "below"]

BETS = 1.0 - ((np.arange(64) + 0.5) / 64) ** 2
"""Shares of the capital that are bet: quantiles of a Beta(1, 1/2) distribution, so that large bets are frequent."""
ROUNDING = 1e-9
"""Outcomes beyond a bound by no more than this count as at the bound: a mean over training is rounded."""


def betting_test(outcomes: ArrayLike, mean: float, side: Side) -> float:
    """P-value, in [0, 1], for "the mean of the outcomes is above (below) `mean`"; 1 without outcomes.

    It is the inverse of the capital, at most 1. `outcomes` are n independent numbers in [0, 1], `mean` is in [0, 1].
    Raises MetricError on outcomes outside [0, 1] or not finite.
    """
    return float(np.exp(-max(0.0, _log_capital(_bounded(outcomes), mean, side))))


def betting_interval(outcomes: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of outcomes in [0, 1] with the interval of all means that neither one-sided test at (1 - level) / 2 rejects.

    It covers the mean with probability at least `level`, simultaneously at all n, and never has width 0. n = 0: [0, 1]
    around NaN. Raises MetricError as `betting_test` does.
    """
    values = _bounded(outcomes)
    if not len(values):
        return Interval(np.nan, 0.0, 1.0, 0)
    worth = -np.log((1 - level) / 2)
    low = _end(values, worth)
    high = 1.0 - _end(1.0 - values, worth)
    return Interval(float(values.mean()), low, high, len(values))


def bounded_mean(values: ArrayLike, low: float, high: float, level: float = 0.95) -> Interval:
    """Mean of numbers in [low, high] with its `betting_interval`; NaN where there are none.

    Where `low` is `high` there is one such number, and nothing uncertain. Raises MetricError on numbers outside.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        return Interval(np.nan, np.nan, np.nan, 0)
    if low == high and np.allclose(numbers, low, rtol=0.0, atol=ROUNDING):
        return Interval(low, low, high, len(numbers))
    return scaled(betting_interval((numbers - low) / (high - low), level), low, high)


def _end(values: Floats, worth: float) -> float:
    """The largest mean above which the bets would have earned a log capital of `worth`; 0 if there is none."""

    def excess(mean: float) -> float:
        return _log_capital(values, mean, "above") - worth

    tiny = 1e-9
    if excess(tiny) <= 0:
        return 0.0
    return float(brentq(excess, tiny, float(values.mean()), xtol=1e-10))  # pyright: ignore[reportArgumentType]


def _log_capital(values: Floats, mean: float, side: Side) -> float:
    """Logarithm of the final capital, averaged over `BETS`."""
    if side == "below":
        return _log_capital(1.0 - values, 1.0 - mean, "above")
    if not len(values) or mean >= 1.0:
        return 0.0
    if mean <= 0.0:
        return np.inf if values.any() else 0.0
    won = np.log1p(np.multiply.outer(BETS, values / mean - 1.0)).sum(axis=1)
    most = won.max()
    return float(most + np.log(np.mean(np.exp(won - most))))


def _bounded(outcomes: ArrayLike) -> Floats:
    (values,) = check(0, outcomes=np.asarray(outcomes, dtype=np.float64).reshape(-1, 1))
    if values.size and (values.min() < -ROUNDING or values.max() > 1 + ROUNDING):
        raise MetricError(f"outcomes between {values.min():g} and {values.max():g}: expected numbers in [0, 1]")
    return np.clip(values[:, 0], 0.0, 1.0)
