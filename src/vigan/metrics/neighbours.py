"""Precision, recall, density and coverage from balls around points with the k-th nearest neighbour as radius.

Kynkaanniemi et al. 2019 (arXiv 1904.06991, section 2) and Naeem et al. 2020 (arXiv 2002.09797, section 3). Precision
and recall count a point on a ball's surface as inside, density and coverage do not, as in the papers.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from vigan.metrics.pairs import SIDE, Tally, Tile, across, within
from vigan.metrics.validate import Floats, MetricError, check

TIE = 1e-12  # relative to the squared norms; the rounding of a matrix product is a hundredth of it


class Neighbours:
    """Features (n, d) with the distances from each point to its nearest others, computed on first use.

    `depth` is the largest k available; n > depth. Raises MetricError on bad input.
    """

    def __init__(self, features: ArrayLike, depth: int = 5, side: int = SIDE) -> None:
        """Store features (n, d); distances are computed for `side` times `side` pairs at a time, whatever n is."""
        if depth < 1:
            raise MetricError(f"neighbour {depth}: the nearest is number 1")
        (self.features,) = check(depth + 1, features=features)
        self.depth = depth
        self.side = side

    @cached_property
    def centre(self) -> Floats:
        """Mean feature (d,): distances are computed around it, where rounding is smallest."""
        return self.features.mean(axis=0)

    @cached_property
    def centred(self) -> Floats:
        """The features less their centre."""
        return self.features - self.centre

    @cached_property
    def norms(self) -> Floats:
        """Squared lengths (n,) of the centred features."""
        return _squared_lengths(self.centred)

    @cached_property
    def nearest(self) -> Floats:
        """Squared distances (n, depth) to the nearest other points, ascending."""
        self.visit()
        return self.__dict__["nearest"]

    def visit(self, *tallies: Tally) -> None:
        """Pass the products of all pairs of centred features to `tallies`, and compute `nearest` along the way."""
        found = _Nearest(self.norms, self.depth)
        within(self.centred, self.side, found, *tallies)
        self.keep(np.maximum(found.squared, 0.0))

    def keep(self, nearest: Floats) -> None:
        """Use `nearest` as computed before from the same features. Raises MetricError if its shape is another."""
        if nearest.shape != (len(self.features), self.depth):
            raise MetricError(f"neighbour distances of shape {nearest.shape} for {len(self.features)} features")
        self.__dict__["nearest"] = nearest

    def squared_radii(self, k: int) -> Floats:
        """Squared distance (n,) of each point to its k-th nearest other. Raises MetricError unless 1 <= k <= depth."""
        if not 1 <= k <= self.depth:
            raise MetricError(f"neighbour {k} was asked for, 1 to {self.depth} are known")
        return self.nearest[:, k - 1]


class _Nearest:
    """Squared distances (n, depth) to the nearest others, from products of which either half is shown."""

    def __init__(self, norms: Floats, depth: int) -> None:
        self.norms, self.depth = norms, depth
        self.squared = np.full((len(norms), depth), np.inf)

    def add(self, tile: Tile) -> None:
        squared = self.norms[tile.rows, None] - 2 * tile.products
        squared += self.norms[tile.columns]
        if tile.rows == tile.columns:
            np.fill_diagonal(squared, np.inf)
        else:
            self._take(tile.columns, squared.T)
        self._take(tile.rows, squared)

    def _take(self, rows: slice, squared: Floats) -> None:
        known = np.hstack([self.squared[rows], squared])
        self.squared[rows] = np.sort(np.partition(known, self.depth - 1, axis=1)[:, : self.depth], axis=1)


def precision_recall(real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, k: int = 3) -> tuple[float, float]:
    """Share of fakes inside some real ball, and share of reals inside some fake ball; both in [0, 1].

    Pass `Neighbours` to keep the radii from call to call. Raises MetricError on bad input or when n <= k.
    """
    real, fake = _pair(real, fake, k, k)
    moved = fake.features - real.centre
    closed = _Closed(real, fake, _squared_lengths(moved), k)
    across(real.centred, moved, real.side, closed)
    return closed.scores()


def density_coverage(real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, k: int = 5) -> tuple[float, float]:
    """Mean number of real balls a fake lies in over k (>= 0, 1 when equal), and share of real balls that hold a fake.

    Equal distributions of equal size have coverage 1 - 2^-k for large n. Pass `Neighbours` for the real set to keep
    its radii from call to call; fake radii are not used. Raises MetricError on bad input or when the reals are <= k.
    """
    real, fake = _pair(real, fake, k, 1)
    moved = fake.features - real.centre
    open_ = _Open(real, _squared_lengths(moved), k)
    across(real.centred, moved, real.side, open_)
    return open_.scores()


def prdc(
    real: Neighbours, fake: Neighbours, precision_k: int = 3, coverage_k: int = 5, *tallies: Tally
) -> dict[str, float]:
    """`precision`, `recall`, `density` and `coverage` from one pass over the pairs of a real and a fake.

    The same numbers as `precision_recall` and `density_coverage`. `tallies` get the same products, those of
    features minus the reals' centre. Raises MetricError on bad input.
    """
    real, fake = _pair(real, fake, coverage_k, precision_k)
    moved = fake.features - real.centre
    norms = _squared_lengths(moved)
    closed, open_ = _Closed(real, fake, norms, precision_k), _Open(real, norms, coverage_k)
    across(real.centred, moved, real.side, closed, open_, *tallies)
    return dict(zip(("precision", "recall", "density", "coverage"), (*closed.scores(), *open_.scores()), strict=True))


class _Closed:
    """Points in balls that hold their surface: precision and recall.

    |x - y|^2 <= r is 2 x.y >= |x|^2 + |y|^2 - r. Rounding is far below `TIE` times the squared lengths: less that, a
    tie is inside at any tile size.
    """

    def __init__(self, real: Neighbours, fake: Neighbours, fake_norms: Floats, k: int) -> None:
        self.reals, self.fakes = ((1 - TIE) / 2 * norms for norms in (real.norms, fake_norms))
        self.real_balls = self.reals - real.squared_radii(k) / 2
        self.fake_balls = self.fakes - fake.squared_radii(k) / 2
        self.into_real = np.full(len(self.fakes), -np.inf)
        self.into_fake = np.full(len(self.reals), -np.inf)

    def add(self, tile: Tile) -> None:
        rows, columns, products = tile
        deepest = (products - self.real_balls[rows, None]).max(axis=0)
        self.into_real[columns] = np.maximum(self.into_real[columns], deepest)
        deepest = (products - self.fake_balls[columns]).max(axis=1)
        self.into_fake[rows] = np.maximum(self.into_fake[rows], deepest)

    def scores(self) -> tuple[float, float]:
        return float((self.into_real >= self.fakes).mean()), float((self.into_fake >= self.reals).mean())


class _Open:
    """Fakes in real balls without their surface: density and coverage. `TIE` more, and a tie is outside."""

    def __init__(self, real: Neighbours, fake_norms: Floats, k: int) -> None:
        self.balls = (1 + TIE) / 2 * real.norms - real.squared_radii(k) / 2
        self.fakes = (1 + TIE) / 2 * fake_norms
        self.k, self.inside = k, 0
        self.covered = np.zeros(len(self.balls), dtype=bool)

    def add(self, tile: Tile) -> None:
        rows, columns, products = tile
        hits = products - self.fakes[columns] > self.balls[rows, None]
        self.inside += int(np.count_nonzero(hits))
        self.covered[rows] |= hits.any(axis=1)

    def scores(self) -> tuple[float, float]:
        return self.inside / (self.k * len(self.fakes)), float(self.covered.mean())


def _pair(
    real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, real_depth: int, fake_depth: int
) -> tuple[Neighbours, Neighbours]:
    if not isinstance(real, Neighbours):
        real = Neighbours(check(real_depth + 1, real=real)[0], real_depth)
    if not isinstance(fake, Neighbours):
        fake = Neighbours(check(fake_depth + 1, fake=fake)[0], fake_depth)
    check(1, real=real.features, fake=fake.features)
    return real, fake


def _squared_lengths(rows: Floats) -> Floats:
    return np.einsum("ij,ij->i", rows, rows)
