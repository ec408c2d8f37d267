"""How much more often an event occurs in one arm than in another with paired runs: exact test and interval.

Of n pairs, `more` had the event in the second arm alone and `fewer` in the first alone; the rest agree. The difference
of the two shares is (more - fewer) / n. Its test is unconditional and makes no approximation but a grid: the
probability of data at least as extreme, by the score statistic (Tango 1998, Statistics in Medicine 17(8), 891-908), at
the share of discordant pairs for which it is largest (Suissa and Shuster 1991, Biometrics 47(2), 361-372). At no
difference McNemar's test conditions on the number of discordant pairs instead; there is no such test of a margin.

That no smaller difference makes such data likelier follows where the statistic rises as a pair moves from `fewer` to
`more` (Li, Liu and Goldberg 2011, Biometrics 67(4), 1666-1668). For Tango's a test checks this, n up to 50; it is not
proved here.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import gammaln, xlogy

from vigan.analysis.exact import Interval
from vigan.metrics.validate import Floats, MetricError

NUISANCE = 200
"""Number of shares of discordant pairs over which the p-value is maximised; a grid of twenty times as many moved it by
less than 1e-4 for n up to 50."""
TERMS = 2**20
"""How many probabilities of outcomes are held at a time."""
ENDS = 64
"""Size of the grid on which each end of the interval is first searched."""
ROUNDING = 1e-9


def paired_share_test(more: int, fewer: int, n: int, difference: float) -> float:
    """P-value for "the event is more frequent in the second arm, by more than `difference`"; 1 for n = 0.

    Exact, but for the maximum being one over `NUISANCE` shares of discordant pairs.
    `difference` is in (-1, 1). For "less frequent" swap `more` and `fewer` and negate it. Raises MetricError on counts
    that exceed n.
    """
    if min(more, fewer) < 0 or more + fewer > n:
        raise MetricError(f"{more} + {fewer} unlike pairs of {n}")
    return _p_value(more, fewer, n, round(difference, 12)) if n else 1.0


def paired_share_interval(more: int, fewer: int, n: int, level: float = 0.95) -> Interval:
    """Difference of the shares (second - first) with the differences that neither test at (1 - level) / 2 rejects.

    Each end is the first crossing on a grid of `ENDS` differences. That it covers at least `level` is checked
    numerically, for the n of docs/statistics.md. It has positive width even where no pair is discordant. n = 0: [-1, 1]
    around NaN.
    """
    if n == 0:
        return Interval(np.nan, -1.0, 1.0, 0)
    tail = (1 - level) / 2
    return Interval((more - fewer) / n, _lower(more, fewer, n, tail), -_lower(fewer, more, n, tail), n)


@cache
def _lower(more: int, fewer: int, n: int, tail: float) -> float:
    """The lowest difference that the test against it does not reject, found from below."""
    tried = np.linspace(-1, (more - fewer) / n, ENDS)
    kept = next((i for i in range(1, ENDS) if _p_value(more, fewer, n, float(tried[i])) > tail), ENDS - 1)
    below, above = float(tried[kept - 1]), float(tried[kept])
    for _ in range(20):
        middle = (below + above) / 2
        rejected = _p_value(more, fewer, n, middle) <= tail
        below, above = (middle, above) if rejected else (below, middle)
    return below


@cache
def _p_value(more: int, fewer: int, n: int, difference: float) -> float:
    if difference <= -1:
        return 0.0 if more + fewer < n or more > 0 else 1.0
    if difference >= 1:
        return 1.0
    i, j, coefficients = _outcomes(n)
    z = _score(i, j, n, difference)
    extreme = z >= _score(np.array([more]), np.array([fewer]), n, difference)[0] - ROUNDING
    i, j, coefficients = i[extreme], j[extreme], coefficients[extreme]

    def chance(unlike: Floats) -> Floats:
        """The probability of data so extreme at each share (k, 1) of discordant pairs."""
        up, down = (unlike + difference) / 2, np.clip((unlike - difference) / 2, 0, 1)
        alike = np.clip(1 - unlike, 0, 1)
        return np.exp(coefficients + xlogy(i, up) + xlogy(j, down) + xlogy(n - i - j, alike)).sum(axis=1)

    unlike, step = np.linspace(abs(difference), 1, NUISANCE)[:, None], max(1, TERMS // len(i))
    return float(min(1.0, max(chance(unlike[start : start + step]).max() for start in range(0, NUISANCE, step))))


@cache
def _outcomes(n: int) -> tuple[Floats, Floats, Floats]:
    """Every (more, fewer) of n pairs, and the logarithm of the number of ways to get it."""
    more, fewer = (index.ravel() for index in np.indices((n + 1, n + 1)))
    possible = more + fewer <= n
    i, j = more[possible].astype(float), fewer[possible].astype(float)
    return i, j, gammaln(n + 1) - gammaln(i + 1) - gammaln(j + 1) - gammaln(n - i - j + 1)


def _score(more: Floats, fewer: Floats, n: int, difference: float) -> Floats:
    """Tango's statistic: (more - fewer - n difference) over its standard deviation if that were the difference."""
    linear = (2 * n - more + fewer) * difference - more - fewer
    constant = -fewer * difference * (1 - difference)
    root = np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0))
    share_fewer = np.maximum((root - linear) / (4 * n), max(0.0, -difference))
    variance = n * (2 * share_fewer + difference * (1 - difference))
    distance = more - fewer - n * difference
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(distance) < ROUNDING, 0.0, distance / np.sqrt(np.maximum(variance, 0)))
