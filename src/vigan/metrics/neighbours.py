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
    def nearest(self) -> Floats:
        """Squared distances (n, depth) to the nearest other points, ascending."""
        nearest = np.empty((len(self.features), self.depth))
        for rows, squared, _ in _blocks(self, self.features):
            squared[np.arange(len(squared)), np.arange(rows.start, rows.stop)] = np.inf
            nearest[rows] = np.sort(np.partition(squared, self.depth - 1, axis=1)[:, : self.depth], axis=1)
        return np.maximum(nearest, 0.0)

    def keep(self, nearest: Floats) -> None:
        """Take `nearest` as computed before from the same features. Raises MetricError if its shape is another."""
        if nearest.shape != (len(self.features), self.depth):
            raise MetricError(f"neighbour distances of shape {nearest.shape} for {len(self.features)} features")
        self.__dict__["nearest"] = nearest

    def squared_radii(self, k: int) -> Floats:
        """Squared distance (n,) of each point to its k-th nearest other. Raises MetricError unless 1 <= k <= depth."""
        if not 1 <= k <= self.depth:
            raise MetricError(f"neighbour {k} was asked for, 1 to {self.depth} are known")
        return self.nearest[:, k - 1]


def precision_recall(real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, k: int = 3) -> tuple[float, float]:
    """Share of fakes inside some real ball, and share of reals inside some fake ball; both in [0, 1].

    Pass `Neighbours` to keep the radii from call to call. Raises MetricError on bad input or when n <= k.
    """
    real, fake = _pair(real, fake, k, k)
    closed = _Closed(real, fake, k)
    _sweep(real, fake, closed)
    return closed.scores()


def density_coverage(real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, k: int = 5) -> tuple[float, float]:
    """Mean number of real balls a fake lies in over k (>= 0, 1 when equal), and share of real balls that hold a fake.

    Equal distributions of equal size have coverage 1 - 2^-k for large n. Pass `Neighbours` for the real set to keep
    its radii from call to call; fake radii are not used. Raises MetricError on bad input or when the reals are <= k.
    """
    real, fake = _pair(real, fake, k, 1)
    open_ = _Open(real, fake, k)
    _sweep(real, fake, open_)
    return open_.scores()


def prdc(real: Neighbours, fake: Neighbours, precision_k: int = 3, coverage_k: int = 5) -> dict[str, float]:
    """`precision`, `recall`, `density` and `coverage` from one pass over the distances between reals and fakes.

    The same numbers as `precision_recall` and `density_coverage`. Raises MetricError on bad input.
    """
    real, fake = _pair(real, fake, coverage_k, precision_k)
    closed, open_ = _Closed(real, fake, precision_k), _Open(real, fake, coverage_k)
    _sweep(real, fake, closed, open_)
    return dict(zip(("precision", "recall", "density", "coverage"), (*closed.scores(), *open_.scores()), strict=True))


class _Closed:
    """Counts of points in balls that hold their surface: precision and recall."""

    slack = -TIE

    def __init__(self, real: Neighbours, fake: Neighbours, k: int) -> None:
        self.real_radii, self.fake_radii = real.squared_radii(k), fake.squared_radii(k)
        self.precise = np.zeros(len(fake.features), dtype=bool)
        self.recalled = np.zeros(len(real.features), dtype=bool)

    def add(self, rows: slice, squared: Floats) -> None:
        self.precise |= (squared <= self.real_radii[rows, None]).any(axis=0)
        self.recalled[rows] = (squared <= self.fake_radii).any(axis=1)

    def scores(self) -> tuple[float, float]:
        return float(self.precise.mean()), float(self.recalled.mean())


class _Open:
    """Counts of fakes in real balls without their surface: density and coverage."""

    slack = TIE

    def __init__(self, real: Neighbours, fake: Neighbours, k: int) -> None:
        self.radii, self.k, self.fakes = real.squared_radii(k), k, len(fake.features)
        self.inside = 0
        self.covered = np.zeros(len(real.features), dtype=bool)

    def add(self, rows: slice, squared: Floats) -> None:
        hits: NDArray[np.bool_] = squared < self.radii[rows, None]
        self.inside += int(hits.sum())
        self.covered[rows] = hits.any(axis=1)

    def scores(self) -> tuple[float, float]:
        return self.inside / (self.k * self.fakes), float(self.covered.mean())


def _sweep(real: Neighbours, fake: Neighbours, *tallies: _Closed | _Open) -> None:
    """Show every tally the squared distances from reals to fakes, each made a little nearer or farther as it asks."""
    for rows, squared, norms in _blocks(real, fake.features):
        shifted = 0.0
        for tally in tallies:
            for norm in norms:
                squared += (tally.slack - shifted) * norm
            shifted = tally.slack
            tally.add(rows, squared)


def _pair(
    real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, real_depth: int, fake_depth: int
) -> tuple[Neighbours, Neighbours]:
    if not isinstance(real, Neighbours):
        real = Neighbours(check(real_depth + 1, real=real)[0], real_depth)
    if not isinstance(fake, Neighbours):
        fake = Neighbours(check(fake_depth + 1, fake=fake)[0], fake_depth)
    check(1, real=real.features, fake=fake.features)
    return real, fake


def _blocks(reference: Neighbours, others: Floats) -> Iterator[tuple[slice, Floats, tuple[Floats, Floats]]]:
    """Row slices of the reference, their squared distances (rows, m) to `others`, and the squared norms of both.

    Norms are |x|^2 (rows, 1) and |y|^2 (m,) around the reference's centre. Rounding is far below `TIE` times their sum:
    less that sum, a comparison "<=" takes a tie as inside; plus it, "<" takes a tie as outside, at any block size.
    """
    x, y = reference.features - reference.centre, others - reference.centre
    x_norms, y_norms = (np.einsum("ij,ij->i", a, a) for a in (x, y))
    step = max(1, reference.cells // len(y))
    for start in range(0, len(x), step):
        rows = slice(start, min(start + step, len(x)))
        squared = x[rows] @ y.T
        squared *= -2
        squared += x_norms[rows, None]
        squared += y_norms
        yield rows, squared, (x_norms[rows, None], y_norms)
