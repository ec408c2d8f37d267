"""KL by neighbours against Gaussians, whose divergence is known."""

from __future__ import annotations

import numpy as np
import pytest

from vigan.metrics.divergence import kl_by_neighbours
from vigan.metrics.validate import MetricError


def _gaussians(shift: float, scale: float, d: int, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    draw = np.random.default_rng(seed)
    p, q = draw.normal(size=(20_000, d)), shift + scale * draw.normal(size=(15_000, d))
    exact = d * (np.log(scale) + (1 + shift**2) / (2 * scale**2) - 0.5)
    return p, q, exact


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.5, 1.0), (1.0, 1.5), (0.0, 2.0)])
def test_gaussians_are_as_far_apart_as_the_closed_form_says(shift: float, scale: float, d: int) -> None:
    p, q, exact = _gaussians(shift, scale, d, seed=d)
    assert kl_by_neighbours(p, q) == pytest.approx(exact, abs=0.03 + 0.05 * exact)


def test_it_is_the_divergence_of_the_first_from_the_second() -> None:
    p, q, _ = _gaussians(0.0, 0.5, 2, seed=0)
    there, back = kl_by_neighbours(p, q), kl_by_neighbours(q, p)
    assert there > 1.4 * back > 0


def test_a_divergence_that_comes_from_tails_in_which_q_has_no_point_is_underestimated() -> None:
    p, q, exact = _gaussians(0.0, 0.5, 3, seed=3)
    assert 0.3 * exact < kl_by_neighbours(p, q) < 0.7 * exact


def test_invertible_changes_of_scale_change_nothing() -> None:
    p, q, _ = _gaussians(0.5, 1.0, 2, seed=1)
    assert kl_by_neighbours(3 * p, 3 * q) == pytest.approx(kl_by_neighbours(p, q), rel=1e-9)


@pytest.mark.parametrize(
    ("p", "q", "said"),
    [
        (np.zeros((5, 2)), np.ones((9, 2)), "more than 5 points"),
        (np.zeros((9, 2)), np.ones((9, 2)), "equal points"),
        (np.ones((9, 2)), np.ones((9, 3)), "different numbers of features"),
        (np.full((9, 1), np.nan), np.ones((9, 1)), "NaN"),
    ],
)
def test_what_has_no_density_or_no_neighbours_is_refused(p: np.ndarray, q: np.ndarray, said: str) -> None:
    with pytest.raises(MetricError, match=said):
        kl_by_neighbours(p, q)
