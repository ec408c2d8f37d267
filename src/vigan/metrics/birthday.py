"""Automated birthday test: near-duplicates in small batches betray a small support (after Arora, Zhang 1706.08224).

Not the published test: there a human judged the duplicates; here a distance threshold calibrated on real data does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vigan.metrics.validate import Floats, MetricError, check


def birthday(
    real: ArrayLike, fake: ArrayLike, rng: np.random.Generator, batch: int = 100, trials: int = 200, level: float = 0.05
) -> dict[str, float]:
    """Probabilities in [0, 1] that a batch holds two samples nearer than `threshold`, for `real` and for `fake`.

    A batch is `batch` rows without replacement, `trials` batches per estimate. `threshold` (feature units) is the
    `level` quantile of the nearest distance within batches of one random half of the reals; `real`, the control, is
    measured on the other half and should be near `level`. A support of N equal points collides with probability
    about 1 - exp(-batch^2 / 2N).

    Raises:
        MetricError: bad input, fewer than 2 * batch reals or batch fakes, batch < 2, trials < 1, level outside (0, 1).
    """
    if batch < 2 or trials < 1 or not 0 < level < 1:
        raise MetricError(f"batch {batch}, trials {trials}, level {level}: need batch >= 2, trials >= 1, 0 < level < 1")
    real, fake = check(batch, real=real, fake=fake)
    if len(real) < 2 * batch:
        raise MetricError(f"real: {len(real)} rows, two halves of {batch} are needed")
    order = rng.permutation(len(real))
    calibration, control = real[order[: len(real) // 2]], real[order[len(real) // 2 :]]
    threshold = np.quantile(_nearest_in_batches(calibration, batch, trials, rng), level)
    return {
        "threshold": float(threshold),
        "real": float((_nearest_in_batches(control, batch, trials, rng) < threshold).mean()),
        "fake": float((_nearest_in_batches(fake, batch, trials, rng) < threshold).mean()),
    }


def _nearest_in_batches(features: Floats, batch: int, trials: int, rng: np.random.Generator) -> Floats:
    """Smallest distance (trials,) between two rows of each random batch."""
    picks = (features[rng.choice(len(features), batch, replace=False)] for _ in range(trials))
    return np.array([_nearest(rows) for rows in picks])


def _nearest(rows: Floats) -> float:
    centred = rows - rows.mean(axis=0)
    norms = np.einsum("ij,ij->i", centred, centred)
    squared = norms[:, None] + norms - 2 * centred @ centred.T
    np.fill_diagonal(squared, np.inf)
    i, j = np.unravel_index(np.argmin(squared), squared.shape)
    return float(np.linalg.norm(rows[i] - rows[j]))
