"""Precision, recall, density and coverage from balls around points, each reaching to its k-th nearest neighbour.

Kynkaanniemi et al. 2019 (arXiv 1904.06991, section 2) and Naeem et al. 2020 (arXiv 2002.09797, section 3). Precision
and recall count a point on a ball's surface as inside, density and coverage do not, as their authors have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigan.metrics.validate import Floats, MetricError, check

CELLS = 2**23  # distances held at once: 64 MiB
TIE = 1e-12  # relative to the squared norms; the rounding of a matrix product is a hundredth of it


class Neighbours:
    """Features (n, d) with the distances from each point to its nearest others, computed once when first asked for.

    `depth` is the largest k that can be asked for; n > depth. Raises MetricError on bad input.
    """

    def __init__(self, features: ArrayLike, depth: int = 5, cells: int = CELLS) -> None:
        """Keep features (n, d); memory stays below a few times `cells` distances whatever n is."""
        if depth < 1:
            raise MetricError(f"neighbour {depth}: the nearest is number 1")
        (self.features,) = check(depth + 1, features=features)
        self.depth = depth
        self.cells = cells

    @cached_property
    def centre(self) -> Floats:
        """Mean feature (d,): distances are computed around it, where rounding is smallest."""
        return self.features.mean(axis=0)

    @cached_property
    def _nearest(self) -> Floats:
        """Squared distances (n, depth) to the nearest other points, ascending."""
        nearest = np.empty((len(self.features), self.depth))
        for rows, squared in _blocks(self, self.features, slack=0.0):
            squared[np.arange(len(squared)), np.arange(rows.start, rows.stop)] = np.inf
            nearest[rows] = np.sort(np.partition(squared, self.depth - 1, axis=1)[:, : self.depth], axis=1)
        return np.maximum(nearest, 0.0)

    def squared_radii(self, k: int) -> Floats:
        """Squared distance (n,) of each point to its k-th nearest other. Raises MetricError unless 1 <= k <= depth."""
        if not 1 <= k <= self.depth:
            raise MetricError(f"neighbour {k} was asked for, 1 to {self.depth} are known")
        return self._nearest[:, k - 1]


def precision_recall(real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, k: int = 3) -> tuple[float, float]:
    """Share of fakes inside some real ball, and share of reals inside some fake ball; both in [0, 1].

    Pass `Neighbours` to keep the radii from call to call. Raises MetricError on bad input or when n <= k.
    """
    real, fake = _pair(real, fake, k, k)
    precise = np.zeros(len(fake.features), dtype=bool)
    recalled = np.zeros(len(real.features), dtype=bool)
    for rows, squared in _blocks(real, fake.features, slack=-TIE):
        precise |= (squared <= real.squared_radii(k)[rows, None]).any(axis=0)
        recalled[rows] = (squared <= fake.squared_radii(k)).any(axis=1)
    return float(precise.mean()), float(recalled.mean())


def density_coverage(real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, k: int = 5) -> tuple[float, float]:
    """Mean number of real balls a fake lies in over k (>= 0, 1 when equal), and share of real balls that hold a fake.

    Equal distributions of equal size have coverage 1 - 2^-k for large n. Pass `Neighbours` for the real set to keep
    its radii from call to call; fake radii are not used. Raises MetricError on bad input or when the reals are <= k.
    """
    real, fake = _pair(real, fake, k, 1)
    inside = 0
    covered = np.zeros(len(real.features), dtype=bool)
    for rows, squared in _blocks(real, fake.features, slack=TIE):
        hits: NDArray[np.bool_] = squared < real.squared_radii(k)[rows, None]
        inside += int(hits.sum())
        covered[rows] = hits.any(axis=1)
    return inside / (k * len(fake.features)), float(covered.mean())


def _pair(
    real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, real_depth: int, fake_depth: int
) -> tuple[Neighbours, Neighbours]:
    if not isinstance(real, Neighbours):
        real = Neighbours(check(real_depth + 1, real=real)[0], real_depth)
    if not isinstance(fake, Neighbours):
        fake = Neighbours(check(fake_depth + 1, fake=fake)[0], fake_depth)
    check(1, real=real.features, fake=fake.features)
    return real, fake


def _blocks(reference: Neighbours, others: Floats, slack: float) -> Iterator[tuple[slice, Floats]]:
    """Row slices of the reference with their squared distances (rows, m) to `others`.

    Each value is off by slack * (|x|^2 + |y|^2), x and y taken around the reference's centre: a comparison "<=" with a
    negative slack takes a tie as inside, "<" with a positive one as outside, whatever the rounding and the block size.
    """
    x, y = reference.features - reference.centre, others - reference.centre
    x_norms, y_norms = ((1 + slack) * np.einsum("ij,ij->i", a, a) for a in (x, y))
    step = max(1, reference.cells // len(y))
    for start in range(0, len(x), step):
        rows = slice(start, min(start + step, len(x)))
        squared = x[rows] @ y.T
        squared *= -2
        squared += x_norms[rows, None]
        squared += y_norms
        yield rows, squared
