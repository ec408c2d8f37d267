"""The Kullback-Leibler divergence of two samples, by nearest neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import KDTree

from vigan.metrics.validate import MetricError, check


def kl_by_neighbours(p: ArrayLike, q: ArrayLike, k: int = 5) -> float:
    """KL(p || q) in nats, estimated from independent samples (n, d) and (m, d) of either, n > k and m >= k.

    Source: Wang, Kulkarni and Verdu (2009), IEEE Transactions on Information Theory 55(5), equation 5:
    d/n sum_i log(nu_i / rho_i) + log(m / (n - 1)), with the distances from x_i to its k-th neighbour in q and, without
    itself, in p. It can be negative, and is too small where the divergence comes from places in which q has hardly a
    point. For densities of a few dimensions only: the number of points that it needs grows exponentially with d.
    Raises MetricError for bad shapes, NaN, too few rows, and more than k equal points.
    """
    first, second = check(1, p=p, q=q)
    n, d = first.shape
    if n <= k or len(second) < k:
        raise MetricError(f"k = {k} neighbours take more than {k} points of p and {k} of q, not {n} and {len(second)}")
    own = KDTree(first).query(first, k + 1)[0][:, k]
    others = np.reshape(KDTree(second).query(first, k)[0], (n, k))[:, -1]
    if not (own.all() and others.all()):
        raise MetricError(f"p has more than {k} equal points, or shares {k} with q: it has no density")
    return float(d * np.mean(np.log(others / own)) + np.log(len(second) / (n - 1)))
