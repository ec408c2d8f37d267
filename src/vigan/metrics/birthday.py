"""Automated birthday test: near-duplicates in small batches indicate a small support (after Arora, Zhang 1706.08224).

Not the published test: there humans identified the duplicates; here a distance threshold calibrated on real data does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from vigan.metrics.pairs import rounding_of, squared_lengths
from vigan.metrics.validate import Floats, MetricError, check

TRIALS, LEVEL = 200, 0.05


class Batches(NamedTuple):
    """Row numbers (trials, batch): two halves of the reals, and the fakes."""

    calibration: NDArray[np.intp]
    control: NDArray[np.intp]
    fake: NDArray[np.intp]


def birthday(
    real: ArrayLike,
    fake: ArrayLike,
    rng: np.random.Generator,
    batch: int = 100,
    trials: int = TRIALS,
    level: float = LEVEL,
) -> dict[str, float]:
    """Probabilities in [0, 1] that a batch holds two samples within `threshold`, for `real` and for `fake`.

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
    batches = draw_batches(len(real), len(fake), rng, batch, trials)
    threshold = nearness(real, batches.calibration, level)
    collided = {"real": collisions(real, batches.control, threshold), "fake": collisions(fake, batches.fake, threshold)}
    return {"threshold": threshold, **collided}


def draw_batches(reals: int, fakes: int, rng: np.random.Generator, batch: int, trials: int = TRIALS) -> Batches:
    """The batches for so many reals and fakes; those of the reals do not depend on the number of fakes."""
    order = rng.permutation(reals)
    halves = (order[: reals // 2], order[reals // 2 :])
    return Batches(*(_batches(rows, rng, batch, trials) for rows in (*halves, np.arange(fakes))))


def nearness(real: Floats, calibration: NDArray[np.intp], level: float = LEVEL) -> float:
    """The `level` quantile, over batches of reals, of the smallest distance between two rows of a batch."""
    return float(np.quantile(_nearest_in_batches(real, calibration), level))


def collisions(features: Floats, batches: NDArray[np.intp], threshold: float) -> float:
    """Share of the batches in which two rows are no farther apart than `threshold`: if it is 0, equal."""
    return float((_nearest_in_batches(features, batches) <= threshold).mean())


def _batches(rows: NDArray[np.intp], rng: np.random.Generator, batch: int, trials: int) -> NDArray[np.intp]:
    return np.stack([rows[rng.choice(len(rows), batch, replace=False)] for _ in range(trials)])


def _nearest_in_batches(features: Floats, batches: NDArray[np.intp]) -> Floats:
    return np.array([_nearest(features[rows]) for rows in batches])


def _nearest(rows: Floats) -> float:
    """Smallest distance of two rows: that of the pairs which a product of matrices cannot tell from the nearest."""
    centred = rows - rows.mean(axis=0)
    norms = squared_lengths(centred)
    squared = norms[:, None] + norms - 2 * centred @ centred.T
    np.fill_diagonal(squared, np.inf)
    rounding = rounding_of(rows.shape[1]) * (norms[:, None] + norms)
    first, second = np.nonzero(np.triu(squared - rounding <= (squared + rounding).min(), 1))
    return min(float(cdist(rows[i : i + 1], rows[second[first == i]]).min()) for i in np.unique(first))
