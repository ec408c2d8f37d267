"""Precision, recall, density and coverage from balls around points, each reaching to its k-th nearest neighbour.

Kynkaanniemi et al. 2019 (arXiv 1904.06991, section 2) and Naeem et al. 2020 (arXiv 2002.09797, section 3). Precision
and recall count a point on a ball's surface as inside, density and coverage do not, as their authors have it.

Distances are those of `scipy.spatial.distance.cdist`, whatever the features: a product of matrices decides where its
rounding cannot matter, and the few pairs that it leaves open are measured one by one.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from vigan.metrics.pairs import SIDE, Tally, Tile, across, rounding_of, squared_lengths, within
from vigan.metrics.validate import Floats, MetricError, check

SPARE = 4
"""Candidates for the nearest beyond those asked for; the farthest of them says whether another row can be nearer."""
FEW_ROWS = 256
"""Rows whose distances to all others are measured at a time."""


class Neighbours:
    """Features (n, d) with the distances from each point to its nearest others, computed once when first asked for.

    `depth` is the largest k that can be asked for; n > depth. Raises MetricError on bad input.
    """

    def __init__(self, features: ArrayLike, depth: int = 5, side: int = SIDE) -> None:
        """Keep features (n, d); distances are held for `side` times `side` pairs at a time, whatever n is."""
        if depth < 1:
            raise MetricError(f"neighbour {depth}: the nearest is number 1")
        (self.features,) = check(depth + 1, features=features)
        self.depth = depth
        self.side = side

    @cached_property
    def centre(self) -> Floats:
        """Mean feature (d,): products are taken around it, where rounding is smallest."""
        with np.errstate(over="ignore"):
            return self.features.mean(axis=0)

    @cached_property
    def centred(self) -> Floats:
        """The features less their centre."""
        with np.errstate(invalid="ignore"):
            return self.features - self.centre

    @cached_property
    def norms(self) -> Floats:
        """Squared lengths (n,) of the centred features."""
        return squared_lengths(self.centred)

    @cached_property
    def nearest(self) -> Floats:
        """Distances (n, depth) to the nearest other points, ascending."""
        self.visit()
        return self.__dict__["nearest"]

    def visit(self, *tallies: Tally) -> None:
        """Show `tallies` the products of all pairs of centred features, and find `nearest` on the way."""
        found = _Nearest(self.norms, self.depth)
        within(self.centred, self.side, found, *tallies)
        self.keep(found.distances(self.features))

    def keep(self, nearest: Floats) -> None:
        """Take `nearest` as computed before from the same features. Raises MetricError if its shape is another."""
        if nearest.shape != (len(self.features), self.depth):
            raise MetricError(f"neighbour distances of shape {nearest.shape} for {len(self.features)} features")
        self.__dict__["nearest"] = nearest

    def radii(self, k: int) -> Floats:
        """Distance (n,) of each point to its k-th nearest other. Raises MetricError unless 1 <= k <= depth."""
        if not 1 <= k <= self.depth:
            raise MetricError(f"neighbour {k} was asked for, 1 to {self.depth} are known")
        return self.nearest[:, k - 1]


class _Nearest:
    """Candidates (n, depth + `SPARE`) for the nearest others, from products of which either half is shown."""

    def __init__(self, norms: Floats, depth: int) -> None:
        self.norms, self.depth, self.kept = norms, depth, min(depth + SPARE, len(norms) - 1)
        self.squared = np.full((len(norms), self.kept), np.inf)
        self.columns = np.zeros((len(norms), self.kept), dtype=np.intp)

    def add(self, tile: Tile) -> None:
        squared = self.norms[tile.rows, None] - 2 * tile.products
        squared += self.norms[tile.columns]
        if tile.rows == tile.columns:
            np.fill_diagonal(squared, np.inf)
        else:
            self._take(tile.columns, squared.T, tile.rows.start)
        self._take(tile.rows, squared, tile.columns.start)

    def _take(self, rows: slice, squared: Floats, start: int) -> None:
        """Take in squared distances of some rows to the columns from `start` on."""
        known = np.hstack([self.squared[rows], squared])
        chosen = np.argpartition(known, self.kept - 1, axis=1)[:, : self.kept]
        before = np.take_along_axis(self.columns[rows], np.minimum(chosen, self.kept - 1), axis=1)
        self.squared[rows] = np.take_along_axis(known, chosen, axis=1)
        self.columns[rows] = np.where(chosen < self.kept, before, chosen - self.kept + start)

    def distances(self, features: Floats) -> Floats:
        """Distances (n, depth) to the nearest others, ascending, once all pairs were shown."""
        candidates = [
            cdist(row[None], features[columns])[0] for row, columns in zip(features, self.columns, strict=True)
        ]
        nearest = np.sort(np.array(candidates), axis=1)[:, : self.depth]
        open_ = np.flatnonzero(~self._certain(nearest[:, -1], features.shape[1]))
        for start in range(0, len(open_), FEW_ROWS):
            rows = open_[start : start + FEW_ROWS]
            distances = cdist(features[rows], features)
            distances[np.arange(len(rows)), rows] = np.inf
            nearest[rows] = np.sort(np.partition(distances, self.depth - 1, axis=1)[:, : self.depth], axis=1)
        return nearest

    def _certain(self, farthest: Floats, width: int) -> NDArray[np.bool_]:
        """Whether no row but a candidate can be nearer than the farthest that is taken, whatever the rounding.

        A row that is not a candidate is beyond the last of them, but for the rounding of both: a share of its own
        squared length if it is far out, where its distance is of that length, else of the row's.
        """
        rounding = 32 * rounding_of(width)
        beyond = self.squared.max(axis=1) * (1 - rounding) - rounding * self.norms - _least(width)
        return (farthest == 0) | (farthest**2 < beyond) | (self.kept == len(self.norms) - 1)


def precision_recall(real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, k: int = 3) -> tuple[float, float]:
    """Share of fakes inside some real ball, and share of reals inside some fake ball; both in [0, 1].

    Pass `Neighbours` to keep the radii from call to call. Raises MetricError on bad input or when n <= k.
    """
    real, fake = _pair(real, fake, k, k)
    moved = _moved(fake.features, real.centre)
    closed = _Closed(real, fake, squared_lengths(moved), k)
    across(real.centred, moved, real.side, closed)
    return closed.scores()


def density_coverage(real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, k: int = 5) -> tuple[float, float]:
    """Mean number of real balls a fake lies in over k (>= 0, 1 when equal), and share of real balls that hold a fake.

    Equal distributions of equal size have coverage 1 - 2^-k for large n. Pass `Neighbours` for the real set to keep
    its radii from call to call; fake radii are not used. Raises MetricError on bad input or when the reals are <= k.
    """
    real, fake = _pair(real, fake, k, 1)
    moved = _moved(fake.features, real.centre)
    open_ = _Open(real, fake, squared_lengths(moved), k)
    across(real.centred, moved, real.side, open_)
    return open_.scores()


def prdc(
    real: Neighbours, fake: Neighbours, precision_k: int = 3, coverage_k: int = 5, *tallies: Tally
) -> dict[str, float]:
    """`precision`, `recall`, `density` and `coverage` from one pass over the pairs of a real and a fake.

    The same numbers as `precision_recall` and `density_coverage`. `tallies` are shown the same products, those of
    features less the reals' centre. Raises MetricError on bad input.
    """
    real, fake = _pair(real, fake, coverage_k, precision_k)
    moved = _moved(fake.features, real.centre)
    norms = squared_lengths(moved)
    closed, open_ = _Closed(real, fake, norms, precision_k), _Open(real, fake, norms, coverage_k)
    across(real.centred, moved, real.side, closed, open_, *tallies)
    return dict(zip(("precision", "recall", "density", "coverage"), (*closed.scores(), *open_.scores()), strict=True))


class _Balls:
    """Balls around the points of one set, and which points of another lie in them, with their surface or without.

    |x - y|^2 < r^2 is 2 x.y > |x|^2 + |y|^2 - r^2.
    """

    def __init__(
        self, centres: tuple[Floats, Floats], points: tuple[Floats, Floats], radii: Floats, closed: bool
    ) -> None:
        """Both sets as features and squared lengths."""
        (self.centres, norms), (self.points, self.point_norms) = centres, points
        self.radii, self.closed = radii, closed
        width = self.centres.shape[1]
        self.offsets, self.point_offsets = (norms - radii**2) / 2, self.point_norms / 2
        self.rounding = rounding_of(width) * (norms + radii**2) + _least(width)
        self.point_rounding = rounding_of(width) * self.point_norms

    def hits(self, products: Floats, balls: slice, points: slice) -> NDArray[np.bool_]:
        """Which points (columns) lie in which balls (rows), from the products of centres and points."""
        depth = products - self.offsets[balls, None]
        depth -= self.point_offsets[points]
        limit = self.rounding[balls].max() + self.point_rounding[points].max()
        hits = depth > limit
        if np.count_nonzero(depth >= -limit) > np.count_nonzero(hits):
            self._settle(hits, depth, balls, points)
        return hits

    def _settle(self, hits: NDArray[np.bool_], depth: Floats, balls: slice, points: slice) -> None:
        """Decide the pairs of a tile that a bound for all of them leaves open; by their distance, if need be."""
        limits = self.rounding[balls, None] + self.point_rounding[points]
        np.greater(depth, limits, out=hits)
        rows, columns = np.nonzero(np.abs(depth) <= limits)
        for row in np.unique(rows):
            near, ball = columns[rows == row], balls.start + row
            distances = cdist(self.centres[ball : ball + 1], self.points[points][near])[0]
            hits[row, near] = distances <= self.radii[ball] if self.closed else distances < self.radii[ball]


class _Closed:
    """Points in balls that hold their surface: precision and recall."""

    def __init__(self, real: Neighbours, fake: Neighbours, fake_norms: Floats, k: int) -> None:
        reals, fakes = (real.features, real.norms), (fake.features, fake_norms)
        self.real_balls = _Balls(reals, fakes, real.radii(k), closed=True)
        self.fake_balls = _Balls(fakes, reals, fake.radii(k), closed=True)
        self.precise, self.recalled = (np.zeros(len(norms), dtype=bool) for norms in (fake_norms, real.norms))

    def add(self, tile: Tile) -> None:
        rows, columns, products = tile
        self.precise[columns] |= self.real_balls.hits(products, rows, columns).any(axis=0)
        self.recalled[rows] |= self.fake_balls.hits(products.T, columns, rows).any(axis=0)

    def scores(self) -> tuple[float, float]:
        return float(self.precise.mean()), float(self.recalled.mean())


class _Open:
    """Fakes in real balls without their surface: density and coverage."""

    def __init__(self, real: Neighbours, fake: Neighbours, fake_norms: Floats, k: int) -> None:
        reals, fakes = (real.features, real.norms), (fake.features, fake_norms)
        self.balls = _Balls(reals, fakes, real.radii(k), closed=False)
        self.k, self.inside, self.fakes = k, 0, len(fake_norms)
        self.covered = np.zeros(len(real.norms), dtype=bool)

    def add(self, tile: Tile) -> None:
        hits = self.balls.hits(tile.products, tile.rows, tile.columns)
        self.inside += int(np.count_nonzero(hits))
        self.covered[tile.rows] |= hits.any(axis=1)

    def scores(self) -> tuple[float, float]:
        return self.inside / (self.k * self.fakes), float(self.covered.mean())


def _pair(
    real: ArrayLike | Neighbours, fake: ArrayLike | Neighbours, real_depth: int, fake_depth: int
) -> tuple[Neighbours, Neighbours]:
    if not isinstance(real, Neighbours):
        real = Neighbours(check(real_depth + 1, real=real)[0], real_depth)
    if not isinstance(fake, Neighbours):
        fake = Neighbours(check(fake_depth + 1, fake=fake)[0], fake_depth)
    check(1, real=real.features, fake=fake.features)
    return real, fake


def _moved(features: Floats, centre: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        return features - centre


def _least(width: int) -> float:
    """Bound on what is lost of sums of squares that are too small for float64."""
    return width * float(np.finfo(np.float64).tiny)
