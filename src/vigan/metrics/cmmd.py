"""CMMD: the maximum mean discrepancy of CLIP embeddings (Jayasumana et al. 2024, arXiv 2401.09603, section 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vigan.metrics.validate import Floats, check

SIGMA, SCALE = 10.0, 1000.0
"""The bandwidth of the Gaussian kernel, and what its authors multiply the squared discrepancy by."""

_AT_ONCE = 1024


def cmmd(real: ArrayLike, fake: ArrayLike) -> float:
    """1000 (mean k(x, x') + mean k(y, y') - 2 mean k(x, y)) with k(x, y) = exp(-|x - y|^2 / 200), all pairs.

    Embeddings (n, d) and (m, d), of unit length as CLIP's; at least 0. As in its authors' code, a row is paired with
    itself, too, so that the value of equal distributions is above 0 by 1000 (1 - mean k) (1/n + 1/m): compare at equal
    n. Raises MetricError on bad input.
    """
    real, fake = check(2, real=real, fake=fake)
    return SCALE * float(_mean(real, real) + _mean(fake, fake) - 2 * _mean(real, fake))


def _mean(x: Floats, y: Floats) -> float:
    """Mean of the kernel over all pairs of a row of x and a row of y."""
    lengths = np.einsum("ij,ij->i", y, y)
    total = 0.0
    for start in range(0, len(x), _AT_ONCE):
        rows = x[start : start + _AT_ONCE]
        squared = np.einsum("ij,ij->i", rows, rows)[:, None] + lengths - 2 * rows @ y.T
        total += np.exp(np.maximum(squared, 0) / (-2 * SIGMA**2)).sum()
    return total / (len(x) * len(y))
