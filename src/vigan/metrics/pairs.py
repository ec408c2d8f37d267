"""Inner products of all pairs of rows, tile by tile: computed once, shown to every metric that is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import numpy as np

from vigan.metrics.validate import Floats, MetricError

SIDE = 1024  # rows and columns of a tile: 8 MiB, which a processor's cache holds


Product = Callable[[Floats, Floats], Floats]
"""Inner products (rows, columns) of the rows of two sets, in float64."""


def on_the_host(x: Floats, y: Floats) -> Floats:
    """Inner products by NumPy."""
    return x @ y.T


_BY: list[Product] = [on_the_host]


@contextmanager
def products_by(product: Product) -> Iterator[None]:
    """Within, in every thread, products are those of `product`, which are NumPy's but for rounding."""
    _BY.append(product)
    try:
        yield
    finally:
        _BY.pop()


class Tile(NamedTuple):
    """Products (rows, columns) of some rows of one set with some of another."""

    rows: slice
    columns: slice
    products: Floats


class Tally(Protocol):
    """What a metric needs of the pairs, gathered tile by tile."""

    def add(self, tile: Tile) -> None:
        """Take in one tile, whose products others will read too."""
        ...


def across(x: Floats, y: Floats, side: int, *tallies: Tally) -> None:
    """Show every tally all pairs of a row of x (n, d) and a row of y (m, d), each once."""
    for rows in _parts(len(x), side):
        for columns in _parts(len(y), side):
            _show(tallies, Tile(rows, columns, _BY[-1](x[rows], y[columns])))


def within(x: Floats, side: int, *tallies: Tally) -> None:
    """Show every tally the pairs of rows of x (n, d): tiles on the diagonal whole, of the others the upper ones.

    A tile is on the diagonal if its rows are its columns; any other also stands for its mirror image.
    """
    for rows in _parts(len(x), side):
        for columns in _parts(len(x), side):
            if columns.start >= rows.start:
                _show(tallies, Tile(rows, columns, _BY[-1](x[rows], x[columns])))


def _parts(count: int, side: int) -> list[slice]:
    return [slice(start, min(start + side, count)) for start in range(0, count, side)]


def _show(tallies: tuple[Tally, ...], tile: Tile) -> None:
    for tally in tallies:
        tally.add(tile)


LARGEST = 1e300
"""Squared length beyond which sums of a few are no numbers any more."""


def squared_lengths(rows: Floats) -> Floats:
    """Squared lengths (n,) of rows (n, d). Raises MetricError where one is beyond `LARGEST`."""
    with np.errstate(over="ignore", invalid="ignore"):
        squared = np.einsum("ij,ij->i", rows, rows)
    if not (squared <= LARGEST).all():
        raise MetricError("features so large that their squares are beyond float64; divide both sets by a constant")
    return squared


def rounding_of(width: int) -> float:
    """Bound on the rounding of |x - y|^2 from products of rows of so many features, as a share of |x|^2 + |y|^2.

    Twice the bound on a sum of products, for the centring and for the distances that it is compared with.
    """
    return 4 * (width + 8) * float(np.finfo(np.float64).eps)
