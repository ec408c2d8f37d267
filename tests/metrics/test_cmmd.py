"""CMMD by closed cases and by a plain sum."""

from __future__ import annotations

import numpy as np
import pytest

from vigan.metrics.cmmd import cmmd
from vigan.metrics.validate import MetricError

RNG = np.random.default_rng(0)


def _unit(n: int, d: int, shift: float = 0.0) -> np.ndarray:
    rows = RNG.normal(size=(n, d)) + shift
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_two_points_at_a_known_distance() -> None:
    x, y = np.eye(4)[[0, 0]], np.eye(4)[[1, 1, 1]]
    assert cmmd(x, y) == pytest.approx(1000 * (2 - 2 * np.exp(-2 / 200)), rel=1e-12)


def test_a_set_is_at_distance_zero_of_itself() -> None:
    x = _unit(50, 16)
    assert cmmd(x, x[::-1]) == pytest.approx(0, abs=1e-9)


def test_it_is_the_plain_sum_over_all_pairs() -> None:
    x, y = _unit(1500, 8), _unit(1100, 8, 0.3)

    def mean(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean([np.exp(-((b - row) ** 2).sum(1) / 200).mean() for row in a]))

    assert cmmd(x, y) == pytest.approx(1000 * (mean(x, x) + mean(y, y) - 2 * mean(x, y)), rel=1e-9)
    assert cmmd(x, y) == pytest.approx(cmmd(y, x), rel=1e-12)


def test_equal_distributions_are_above_zero_by_what_is_documented() -> None:
    found = np.mean([cmmd(_unit(100, 32), _unit(60, 32)) for _ in range(40)])
    kernel = np.exp(-2 / 200)  # two random directions are at a squared distance of about 2
    assert found == pytest.approx(1000 * (1 - kernel) * (1 / 100 + 1 / 60), rel=0.05)


def test_bad_input_is_refused() -> None:
    with pytest.raises(MetricError, match="at least 2"):
        cmmd(np.eye(3)[:1], np.eye(3))
    with pytest.raises(MetricError, match="NaN"):
        cmmd(np.eye(3), np.full((3, 3), np.nan))
