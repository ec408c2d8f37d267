"""Whether fakes are copies of the training data: the nearest real example of each, as numbers.

Alaa et al. 2022 (arXiv 2102.08921, section 3.3); the share is Stein et al.'s AuthPct (2023) over 100.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vigan.metrics.neighbours import Neighbours
from vigan.metrics.pairs import SIDE, Tile, across
from vigan.metrics.validate import Floats, check


def authenticity(real: ArrayLike, fake: ArrayLike) -> dict[str, float]:
    """`authenticity` and `nearest_ratio` of fakes (m, d) against all training examples (n, d), n >= 2.

    A fake is authentic if it is farther from the real nearest to it than that real is from its own nearest other: the
    share is 0 for copies and a half or somewhat more for new draws of the same distribution (0.58 for normal ones in 8
    dimensions: reals that are nearest to many lie close to others), and rises with any noise, so that it tells copying
    and not quality: compare with that of real examples left out. `nearest_ratio` is the median distance of a fake to
    its nearest real over the median distance of a real to its nearest other: 0 for copies, about 1 for new draws;
    absent where half of the reals have copies among themselves, which leave nothing to compare with.

    Raises MetricError on bad input.
    """
    real, fake = check(2, real=real)[0], check(1, fake=fake)[0]
    check(1, real=real, fake=fake)
    reals = Neighbours(real, 1)
    own = reals.radii(1)
    nearest = _Nearest(reals.norms, fake - reals.centre)
    across(reals.centred, nearest.fakes, SIDE, nearest)
    distances = np.linalg.norm(fake - reals.features[nearest.which], axis=1)
    usual = float(np.median(own))
    ratio = {"nearest_ratio": float(np.median(distances)) / usual} if usual else {}
    return {"authenticity": float((distances > own[nearest.which]).mean()), **ratio}


class _Nearest:
    """For each fake, which real is nearest, and the squared distance (m,)."""

    def __init__(self, norms: Floats, fakes: Floats) -> None:
        self.norms, self.fakes = norms, fakes
        self.lengths = np.einsum("ij,ij->i", fakes, fakes)
        self.squared = np.full(len(fakes), np.inf)
        self.which = np.zeros(len(fakes), dtype=np.intp)

    def add(self, tile: Tile) -> None:
        rows, columns, products = tile
        squared = self.norms[rows, None] - 2 * products + self.lengths[columns]
        found, least = squared.argmin(axis=0), squared.min(axis=0)
        nearer = least < self.squared[columns]
        self.which[columns] = np.where(nearer, rows.start + found, self.which[columns])
        self.squared[columns] = np.where(nearer, least, self.squared[columns])
