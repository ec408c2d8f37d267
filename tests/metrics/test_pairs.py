from __future__ import annotations

import numpy as np
import pytest

from vigan.metrics.pairs import Tile, across, within

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(23, 4)), RNG.normal(size=(17, 4))


class Filled:
    """All products in their places, and how often each was shown."""

    def __init__(self, rows: int, columns: int) -> None:
        self.products, self.times = np.zeros((rows, columns)), np.zeros((rows, columns), dtype=int)

    def add(self, tile: Tile) -> None:
        self.products[tile.rows, tile.columns] = tile.products
        self.times[tile.rows, tile.columns] += 1


@pytest.mark.parametrize("side", [1, 5, 17, 100])
def test_every_pair_of_two_sets_is_shown_once_to_every_tally(side: int) -> None:
    tallies = Filled(23, 17), Filled(23, 17)
    across(X, Y, side, *tallies)
    for tally in tallies:
        assert (tally.times == 1).all()
        np.testing.assert_allclose(tally.products, X @ Y.T, rtol=1e-12)


@pytest.mark.parametrize("side", [1, 5, 23, 100])
def test_of_the_pairs_of_one_set_either_order_is_shown_and_the_diagonal_is_whole(side: int) -> None:
    tally = Filled(23, 23)
    within(X, side, tally)
    part = np.arange(23) // side
    np.testing.assert_array_equal(tally.times, (part[:, None] <= part).astype(int))
    np.testing.assert_allclose(tally.products[tally.times > 0], (X @ X.T)[tally.times > 0], rtol=1e-12)
