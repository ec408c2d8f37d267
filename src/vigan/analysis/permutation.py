"""Tests on differences between paired runs, and how many pairs they need."""

from __future__ import annotations

from bisect import bisect_left
from math import ceil, log2

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from vigan.metrics.validate import Floats, MetricError, check

EXACT_UP_TO = 16
"""Pairs up to which all 2^n signs are tried."""

MOST_PAIRS = 1_000_000
ROUNDING = 1e-12
"""Sums closer than this share of the sum of magnitudes are equal."""


def sign_flip_test(
    differences: ArrayLike, shift: float = 0.0, *, rng: np.random.Generator, permutations: int = 10_000
) -> float:
    """One-sided p-value against "the differences are symmetric about `shift` or lower" for "their mean is higher".

    Share of sign patterns of (difference - shift) whose sum is at least the observed one. Up to 16 pairs every
    pattern counts once and `rng` is not used; above, `permutations` random ones and the observed one (Phipson and
    Smyth 2010, arXiv 1603.05766). The smallest p is therefore 2^-n: fewer than 5 pairs never reach 0.05.
    Arms that do not differ have symmetric differences, whatever their runs are like; then p is exact. About a mean
    that is there by asymmetry alone it is not: with exponential lower tails p <= 0.05 in 0.11 to 0.14 of cases
    without effect, with upper ones in 0.01 to 0.02 (n = 5 to 32, bench/calibration.py).
    NaN for no pairs. Raises MetricError on NaN or infinity among the differences.
    """
    values = _column(differences)
    if len(values) == 0:
        return np.nan
    centred = values - shift
    slack = ROUNDING * float(np.sum(np.abs(values) + abs(shift)))
    least = centred.sum() - slack
    if len(values) <= EXACT_UP_TO:
        return float(np.mean(_all_signed_sums(centred) >= least))
    signs = rng.integers(2, size=(permutations, len(values))) * 2.0 - 1.0
    return float((1 + np.count_nonzero(signs @ centred >= least)) / (1 + permutations))


def _all_signed_sums(values: Floats) -> Floats:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def needed_n(differences: ArrayLike, shift: float, alpha: float, power: float = 0.8) -> int | None:
    """Fewest pairs at which a mean and spread (ddof 1) as observed would be found above `shift` at one-sided `alpha`.

    Smallest n >= ((t(1 - alpha) + t(power)) spread / (mean - shift))^2, t with n - 1 degrees of freedom, that is
    also large enough for the sign-flip test to reach `alpha` (2^-n <= alpha). None where the mean is not above
    `shift`, where fewer than two pairs leave the spread unknown, and where a million would not do. The effect is an
    estimate: the true need may be several times this. Raises MetricError on NaN or infinity.
    """
    values = _column(differences)
    effect = values.mean() - shift if len(values) > 1 else 0.0
    if effect <= 0:
        return None
    ratio = values.std(ddof=1) / effect

    def enough(n: int) -> bool:
        return n >= (ratio * student.ppf([1 - alpha, power], n - 1).sum()) ** 2

    sizes = range(max(2, ceil(-log2(alpha))), MOST_PAIRS + 1)
    place = bisect_left(sizes, True, key=enough)
    return sizes[place] if place < len(sizes) else None


def holm(p_values: ArrayLike) -> Floats:
    """P-values adjusted for their number (Holm 1979), in the order given; NaN stays NaN and does not count."""
    values = np.array(p_values, dtype=np.float64)
    if values.ndim != 1:
        raise MetricError(f"p-values: shape {values.shape}, expected one row")
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
    steps = values[order] * np.arange(len(order), 0, -1)
    values[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return values


def _column(differences: ArrayLike) -> Floats:
    (values,) = check(0, differences=np.asarray(differences)[..., None])
    return values[:, 0]
