"""Kernel distance: unbiased squared maximum mean discrepancy (Binkowski et al. 2018, arXiv 1801.01401, section 4)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigan.metrics.pairs import Tile
from vigan.metrics.validate import Floats, MetricError, check

SUBSETS, SUBSET_SIZE = 100, 1000


class Subsets(NamedTuple):
    """Row numbers (subsets, size) drawn from either set."""

    real: NDArray[np.intp]
    fake: NDArray[np.intp]


def kid(
    real: ArrayLike,
    fake: ArrayLike,
    rng: np.random.Generator,
    subsets: int = SUBSETS,
    subset_size: int = SUBSET_SIZE,
) -> tuple[float, float]:
    """Mean and standard deviation (ddof 0) over the subsets of `draw` of `mmd2`; the mean can be below 0.

    Raises MetricError on bad input, fewer than 2 rows, `subsets` < 1 or `subset_size` < 2.
    """
    real, fake = check(2, real=real, fake=fake)
    drawn = draw(len(real), len(fake), rng, subsets, subset_size)
    values = [mmd2(real[x], fake[y]) for x, y in zip(*drawn, strict=True)]
    return float(np.mean(values)), float(np.std(values))


def draw(
    reals: int, fakes: int, rng: np.random.Generator, subsets: int = SUBSETS, subset_size: int = SUBSET_SIZE
) -> Subsets:
    """Subsets of min(`subset_size`, `reals`, `fakes`) rows of either set, each without replacement.

    Where that is all of both sets, the subsets are the same: one is drawn. Raises MetricError if `subsets` < 1 or
    `subset_size` < 2.
    """
    if subsets < 1 or subset_size < 2:
        raise MetricError(f"{subsets} subsets of {subset_size} rows: at least 1 of 2 are needed")
    size = min(subset_size, reals, fakes)
    if size == reals == fakes:
        subsets = 1
    drawn = [[rng.choice(count, size, replace=False) for count in (reals, fakes)] for _ in range(subsets)]
    return Subsets(*np.swapaxes(np.array(drawn), 0, 1))


def mmd2(x: Floats, y: Floats) -> float:
    """Unbiased squared discrepancy between x (n, d) and y (m, d) under the kernel (x.y / d + 1)^3."""
    return float(_mean_off_diagonal(x) + _mean_off_diagonal(y) - 2 * _kernel(x, y).mean())


class Within:
    """The kernel's mean (subsets,) over the pairs of two different rows of each subset of one set.

    Sums are accumulated from products of rows minus `centre`, from which those of the rows themselves follow.
    """

    def __init__(self, rows: Floats, centre: Floats, subset: NDArray[np.intp]) -> None:
        self.offsets, self.members = _offsets(rows, centre), _members(subset, len(rows))
        self.pairs = subset.shape[1] * (subset.shape[1] - 1) * float(rows.shape[1]) ** 3
        self.sums = np.zeros(len(subset))

    def add(self, tile: Tile) -> None:
        """Add one tile."""
        cubes = _cubes(tile.products, self.offsets[tile.rows], self.offsets[tile.columns])
        on_diagonal = tile.rows == tile.columns
        if on_diagonal:
            np.fill_diagonal(cubes, 0)
        found = _subset_sums(cubes, self.members[tile.rows], self.members[tile.columns])
        self.sums += found if on_diagonal else 2 * found

    def means(self) -> Floats:
        """The means, after all pairs have been added."""
        return self.sums / self.pairs


class Across:
    """The kernel's mean (subsets,) over the pairs of a real and a fake of each subset, computed as in `Within`."""

    def __init__(self, real: Floats, fake: Floats, centre: Floats, subsets: Subsets) -> None:
        self.real_offsets, self.fake_offsets = _offsets(real, centre), _offsets(fake, centre)
        self.reals, self.fakes = _members(subsets.real, len(real)), _members(subsets.fake, len(fake))
        self.pairs = subsets.real.shape[1] ** 2 * float(real.shape[1]) ** 3
        self.sums = np.zeros(len(subsets.real))

    def add(self, tile: Tile) -> None:
        """Add one tile."""
        cubes = _cubes(tile.products, self.real_offsets[tile.rows], self.fake_offsets[tile.columns])
        self.sums += _subset_sums(cubes, self.reals[tile.rows], self.fakes[tile.columns])

    def means(self) -> Floats:
        """The means, after all pairs have been added."""
        return self.sums / self.pairs


def _offsets(rows: Floats, centre: Floats) -> Floats:
    """Numbers o with x.y + d = (x - c).(y - c) + o_x + o_y."""
    return rows @ centre + (centre.size - centre @ centre) / 2


def _members(subset: NDArray[np.intp], count: int) -> Floats:
    """Indicators (count, subsets): 1 where a row is of a subset, else 0."""
    members = np.zeros((count, len(subset)))
    for index, rows in enumerate(subset):
        members[rows, index] = 1
    return members


def _cubes(products: Floats, row_offsets: Floats, column_offsets: Floats) -> Floats:
    """The kernel times d^3."""
    sums = products + row_offsets[:, None]
    sums += column_offsets
    cubes = sums * sums
    cubes *= sums
    return cubes


def _subset_sums(values: Floats, rows: Floats, columns: Floats) -> Floats:
    """Sums (subsets,) of the values whose row and column are of a subset."""
    return np.einsum("ij,ij->j", rows, values @ columns)


def _kernel(x: Floats, y: Floats) -> Floats:
    scaled = x @ y.T / x.shape[1] + 1
    return scaled * scaled * scaled


def _mean_off_diagonal(x: Floats) -> float:
    kernel = _kernel(x, x)
    return (kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1))
