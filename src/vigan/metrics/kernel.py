"""Kernel distance: unbiased squared maximum mean discrepancy (Binkowski et al. 2018, arXiv 1801.01401, section 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vigan.metrics.validate import Floats, MetricError, check


def kid(
    real: ArrayLike, fake: ArrayLike, rng: np.random.Generator, subsets: int = 100, subset_size: int = 1000
) -> tuple[float, float]:
    """Mean and standard deviation (ddof 0) over `subsets` of `mmd2`; the mean can be below 0.

    Each subset takes min(`subset_size`, n, m) rows of either set without replacement. Where that is all of
    both sets, the subsets are the same: one is computed, and the deviation is 0.

    Raises:
        MetricError: bad input, fewer than 2 rows, `subsets` < 1 or `subset_size` < 2.
    """
    real, fake = check(2, real=real, fake=fake)
    if subsets < 1 or subset_size < 2:
        raise MetricError(f"{subsets} subsets of {subset_size} rows: at least 1 of 2 are needed")
    size = min(subset_size, len(real), len(fake))
    if size == len(real) == len(fake):
        subsets = 1
    values = [mmd2(_pick(real, size, rng), _pick(fake, size, rng)) for _ in range(subsets)]
    return float(np.mean(values)), float(np.std(values))


def mmd2(x: Floats, y: Floats) -> float:
    """Unbiased squared discrepancy between x (n, d) and y (m, d) under the kernel (x.y / d + 1)^3."""
    return float(_mean_off_diagonal(x) + _mean_off_diagonal(y) - 2 * _kernel(x, y).mean())


def _kernel(x: Floats, y: Floats) -> Floats:
    scaled = x @ y.T / x.shape[1] + 1
    return scaled * scaled * scaled


def _mean_off_diagonal(x: Floats) -> float:
    kernel = _kernel(x, x)
    return (kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1))


def _pick(features: Floats, size: int, rng: np.random.Generator) -> Floats:
    return features[rng.choice(len(features), size, replace=False)]
