"""Pairwise diversity: how far apart two samples lie on average. It falls to 0 under total collapse."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vigan.metrics.validate import MetricError, check

_PAIRS_AT_ONCE, _NUMBERS_AT_ONCE = 1024, 2**23


def mean_pairwise_distance(features: ArrayLike, rng: np.random.Generator, pairs: int = 10_000) -> float:
    """Mean Euclidean distance over `pairs` random pairs of two different rows of features (n, d), in feature units.

    Pairs are drawn with replacement. Report it beside the same number on real data, or as their ratio. Raises
    MetricError on bad input, fewer than 2 rows or `pairs` < 1.
    """
    (values,) = check(2, features=features)
    if pairs < 1:
        raise MetricError(f"{pairs} pairs: at least 1 is needed")
    first = rng.integers(len(values), size=pairs)
    second = (first + rng.integers(1, len(values), size=pairs)) % len(values)
    total = 0.0
    at_once = max(1, min(_PAIRS_AT_ONCE, _NUMBERS_AT_ONCE // values.shape[1]))
    for start in range(0, pairs, at_once):
        rows = slice(start, start + at_once)
        total += np.linalg.norm(values[first[rows]] - values[second[rows]], axis=1).sum()
    return float(total / pairs)
