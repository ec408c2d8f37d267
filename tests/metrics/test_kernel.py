from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from vigan.metrics.kernel import kid, mmd2
from vigan.metrics.validate import MetricError

Array = np.ndarray[Any, Any]


def _by_definition(x: Array, y: Array) -> float:
    xx, yy, xy = (polynomial_kernel(a, b, degree=3, coef0=1) for a, b in ((x, x), (y, y), (x, y)))
    n, m = len(x), len(y)
    return (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1)) - 2 * xy.mean()


def test_it_follows_its_definition() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 7)), rng.normal(size=(30, 7)) + 0.4
    assert mmd2(x, y) == pytest.approx(_by_definition(x, y), rel=1e-10)


def test_it_is_unbiased_so_equal_distributions_average_to_zero_and_fall_on_either_side() -> None:
    rng = np.random.default_rng(0)
    values = np.array([mmd2(rng.normal(size=(50, 4)), rng.normal(size=(50, 4))) for _ in range(400)])
    assert abs(values.mean()) < 4 * values.std() / 20
    assert 0.2 < (values < 0).mean() < 0.9


def test_a_known_shift_in_one_dimension() -> None:
    """E(xy + 1)^3 = 1 + 3 E[x] E[y] + 3 E[x^2] E[y^2] + E[x^3] E[y^3] for independent x, y of N(0, 1) or N(1, 1)."""
    moments = {"x": (0.0, 1.0, 0.0), "y": (1.0, 2.0, 4.0)}

    def expected(a: str, b: str) -> float:
        first, second, third = (p * q for p, q in zip(moments[a], moments[b], strict=True))
        return 1 + 3 * first + 3 * second + third

    exact = expected("x", "x") + expected("y", "y") - 2 * expected("x", "y")
    rng = np.random.default_rng(0)
    mean, _ = kid(rng.normal(size=(40_000, 1)), rng.normal(size=(40_000, 1)) + 1, rng, subsets=60, subset_size=500)
    assert mean == pytest.approx(exact, rel=0.05)


def test_subsets_follow_the_generator_and_spread() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 5)), rng.normal(size=(300, 5))
    runs = [kid(x, y, np.random.default_rng(seed), subsets=10, subset_size=100) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    assert runs[0][1] > 0


def test_small_sets_are_one_subset() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 5))
    mean, std = kid(x, y, rng, subsets=3)
    assert mean == pytest.approx(mmd2(x, y))
    assert std == 0


def test_subsets_that_hold_no_pair_are_an_error() -> None:
    x = np.ones((5, 2))
    with pytest.raises(MetricError, match="of 1 rows"):
        kid(x, x, np.random.default_rng(0), subset_size=1)
    with pytest.raises(MetricError, match="0 subsets"):
        kid(x, x, np.random.default_rng(0), subsets=0)
