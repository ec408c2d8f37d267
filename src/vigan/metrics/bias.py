"""The bias of Frechet distances, which fall as samples grow: what it is, and the distance without it.

Chong and Forsyth 2020 (arXiv 1911.07023): FD(n) is about FD(infinity) + a / n.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vigan.metrics.frechet import Gaussian, fit, frechet_distance
from vigan.metrics.validate import Floats, MetricError, check

POINTS = 15
"""Numbers of fakes at which the distance is computed for the fit, as in the paper."""


class Infinity(NamedTuple):
    """The fit value + slope / n, and what was fitted: numbers of fakes, distances, root mean squared residual."""

    value: float
    slope: float
    sizes: list[int]
    distances: list[float]
    residual: float


def frechet_infinity(real: Gaussian, fake: ArrayLike, rng: np.random.Generator, points: int = POINTS) -> Infinity:
    """The Frechet distance of infinitely many fakes from a reference that stays as it is, by least squares in 1 / n.

    `points` numbers of fakes, evenly from a tenth of those that there are, or from twice their width d where that is
    more, but at most half of them, to all; each a random subset of fakes (n, d). The law is one of n well above d: the
    nearer n is to d, the larger is the error of the value. Raises MetricError on bad input or fewer than 2 * `points`
    fakes.
    """
    (fakes,) = check(2 * points, fake=fake)
    count, width = fakes.shape
    least = max(count // 10, min(2 * width, count // 2), 2)
    sizes = np.linspace(least, count, points).round().astype(int)
    distances = np.array([frechet_distance(real, fit(fakes[rng.permutation(count)[:size]])) for size in sizes])
    design = np.stack([np.ones(points), 1 / sizes], axis=1)
    (value, slope), *_ = np.linalg.lstsq(design, distances, rcond=None)
    residual = np.sqrt(np.mean((distances - design @ (value, slope)) ** 2))
    return Infinity(float(value), float(slope), sizes.tolist(), distances.tolist(), float(residual))


def bias_of_equal(spectrum: ArrayLike, reals: int, fakes: int) -> float:
    """The Frechet distance to be expected of two samples of one distribution, to first order in 1 / n; at least 0.

    `spectrum` are the eigenvalues l of its covariance: (1/reals + 1/fakes) (sum l + sum_ij (1 + [i=j]) l_i l_j /
    (l_i + l_j) / 2) for Gaussians: the first sum is of the means, the second of the covariances. Good to a tenth where
    both counts are twice the number of eigenvalues that matter. Raises MetricError if one is negative, or a count is
    below 2.
    """
    values: Floats = np.asarray(spectrum, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all() or values.min(initial=0.0) < 0 or min(reals, fakes) < 2:
        raise MetricError(
            f"spectrum of shape {values.shape}, {reals} reals, {fakes} fakes: no negative value, 2 of each"
        )
    sums = values[:, None] + values
    pairs = np.divide(np.outer(values, values), sums, out=np.zeros_like(sums), where=sums > 0)
    return float((values.sum() + (pairs.sum() + np.trace(pairs)) / 2) * (1 / reals + 1 / fakes))
