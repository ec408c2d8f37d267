from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vigan.config.datasets import Grid, Ring
from vigan.data import toy
from vigan.data.prepare import prepare
from vigan.data.store import load

RING = Ring(source="ring", modes=8, radius=2.0, std=0.02, count=40_000)
GRID = Grid(source="grid", per_side=5, spacing=2.0, std=0.05, count=40_000)


def test_the_ring_starts_on_the_right_and_turns_counter_clockwise() -> None:
    expected = [[3, 0], [0, 3], [-3, 0], [0, -3]]
    found = toy.means(Ring(source="ring", modes=4, radius=3.0))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_the_grid_is_centred_and_runs_row_by_row() -> None:
    expected = [[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]]
    np.testing.assert_array_equal(toy.means(Grid(source="grid", per_side=2, spacing=1.0)), expected)
    np.testing.assert_array_equal(toy.means(GRID).mean(axis=0), [0, 0])


@pytest.mark.parametrize("dataset", [RING, GRID])
def test_each_label_names_the_gaussian_its_point_was_drawn_from(dataset: Ring | Grid, tmp_path: Path) -> None:
    prepare(dataset, tmp_path)
    prepared = load(tmp_path)
    centres = toy.means(dataset)
    assert prepared.array.dtype == np.float32
    assert prepared.labels is not None
    residual = prepared.array - centres[prepared.labels]
    share = np.bincount(prepared.labels, minlength=len(centres)) / dataset.count
    np.testing.assert_allclose(residual.std(axis=0), dataset.std, rtol=0.02)
    np.testing.assert_allclose(residual.mean(axis=0), 0, atol=5 * dataset.std / dataset.count**0.5)
    np.testing.assert_allclose(share, 1 / len(centres), atol=5 * (1 / len(centres) / dataset.count) ** 0.5)
    assert abs(np.corrcoef(residual.T)[0, 1]) < 0.03


def test_the_same_description_draws_the_same_bytes_and_the_mean_is_theirs(tmp_path: Path) -> None:
    first, second = prepare(RING, tmp_path / "a"), prepare(RING, tmp_path / "b")
    assert first == second
    np.testing.assert_allclose(first["mean"], load(tmp_path / "a").array.mean(axis=0, dtype=np.float64), rtol=1e-9)
