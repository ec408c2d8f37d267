"""Descriptive statistics over runs: the interquartile mean and the probability of improvement."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def interquartile_mean(samples: ArrayLike, axis: int = 0) -> Any:
    """Mean of the middle half of the runs (Agarwal et al. 2021, arXiv 2108.13264).

    Exactly n/4 runs are trimmed at either end, fractionally where n is no multiple of 4, so it is defined from n = 1.
    rliable calls scipy's `trim_mean(0.25)`, which cuts whole runs only: the same where 4 divides n. NaN stays NaN.
    """
    ordered = np.sort(np.moveaxis(np.asarray(samples, dtype=np.float64), axis, -1), axis=-1)
    n = ordered.shape[-1]
    rank = np.arange(n)
    weights = np.clip(np.minimum(rank + 1, 0.75 * n) - np.maximum(rank, 0.25 * n), 0.0, 1.0)
    return ordered @ (weights / weights.sum())


def probability_of_improvement(a: ArrayLike, b: ArrayLike, *, paired: bool, axis: int = 0) -> Any:
    """Share of comparisons in which the run of `a` is higher than that of `b`, a tie counting 1/2; in [0, 1].

    Paired: run i of `a` against run i of `b`. Else every run of `a` against every run of `b` (rliable's definition,
    the Mann-Whitney statistic over n m). A comparison with NaN makes the share NaN.
    """
    left, right = (np.moveaxis(np.asarray(array, dtype=np.float64), axis, -1) for array in (a, b))
    if not paired:
        left, right = left[..., :, None], right[..., None, :]
    wins = ((left > right) + 0.5 * (left == right)) * np.where(np.isnan(left) | np.isnan(right), np.nan, 1.0)
    return wins.mean(axis=-1 if paired else (-2, -1))
