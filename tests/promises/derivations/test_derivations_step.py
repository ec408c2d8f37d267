"""From KL(q || q_o) to a squared distance of generated points: what is equal, what is a bound, what is neither."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from finite import SEEDS, VALUES_OF_X, VALUES_OF_Z, given_x, given_z, kl, pair
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

EXACT = {"rtol": 0.0, "atol": 1e-12}
SHAPE = (VALUES_OF_X, VALUES_OF_Z)
GRID = torch.linspace(-12, 12, 4001, dtype=torch.float64)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_step_of_a_stage_does_not_feel_the_divergence(seed: int) -> None:
    """Equation 22, first order: at q = q_o KL(q || q_o) has no slope in any parameter; away from there it has one."""
    old_q, other, *_ = pair(seed, VALUES_OF_X)
    for q, acts in ((old_q, False), (other, True)):
        logits = q.log().requires_grad_()
        (slope,) = torch.autograd.grad(kl(logits.softmax(0), old_q), logits)
        assert bool(slope.abs().max() > 1e-3) is acts
        assert acts or slope.abs().max() < 1e-15


@pytest.mark.parametrize("seed", SEEDS)
def test_the_divergence_with_latents_is_that_of_points_and_one_of_posteriors(seed: int) -> None:
    """Equation 23 and equation 4: KL(q(x,z) || q_o(x,z)) with one q(z) is at least KL(q(x) || q_o(x))."""
    first, second, *_ = pair(seed, *SHAPE)
    prior = first.sum(0)
    q, old_q = given_z(first) * prior, given_z(second) * prior
    by_latent = (prior * (given_z(q) * (given_z(q) / given_z(old_q)).log()).sum(0)).sum()
    of_posteriors = (q * (given_x(q) / given_x(old_q)).log()).sum()
    torch.testing.assert_close(kl(q, old_q), by_latent, **EXACT)
    torch.testing.assert_close(by_latent, kl(q.sum(1), old_q.sum(1)) + of_posteriors, **EXACT)
    assert of_posteriors > 1e-3


def draws(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("std", [1.0, 0.1, 1e-3])
def test_for_points_blurred_by_a_gaussian_lambda_is_half_the_inverse_variance(std: float) -> None:
    """Equations 23 to 25 with the limit of 24 not taken: lambda = 1 / (2 sigma^2), without bound as sigma falls."""
    points, old_points = draws(0, 20, 3), draws(1, 20, 3)
    blurred = [Independent(Normal(centres, std), 1) for centres in (points, old_points)]
    squared_distance = (points - old_points).square().sum(1)
    torch.testing.assert_close(kl_divergence(*blurred), squared_distance / (2 * std**2), rtol=1e-12, atol=0)


def density(centres: Tensor, std: float) -> Tensor:
    """Density on the grid of q(x) = mean over z of N(x; G(z), std^2), for points G(z) on the line."""
    return Normal(centres.unsqueeze(1), std).log_prob(GRID).logsumexp(0).sub(math.log(len(centres))).exp()


def divergence(points: Tensor, old_points: Tensor, std: float) -> float:
    first, second = density(points, std), density(old_points, std)
    return float(torch.trapezoid(torch.xlogy(first, first / second), GRID))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_squared_distance_is_an_upper_bound_of_the_divergence(seed: int) -> None:
    """Equation 25, which the article writes as a similarity: KL(q || q_o) <= lambda E||G(z) - G_o(z)||^2."""
    points, old_points, std = draws(seed, 5), draws(100 + seed, 5), 0.7
    bound = float((points - old_points).square().mean()) / (2 * std**2)
    assert 0.01 < divergence(points, old_points, std) < 0.95 * bound


def test_for_a_generator_that_moves_all_points_alike_and_far_apart_the_bound_is_tight() -> None:
    """Equation 25 with equality: x tells z, so the posteriors do not differ."""
    points, std = torch.tensor([-4.0, 0.0, 4.0], dtype=torch.float64), 0.3
    assert divergence(points + 0.2, points, std) == pytest.approx(0.2**2 / (2 * std**2), rel=1e-6)


def test_latents_that_exchange_their_points_cost_a_distance_but_no_divergence() -> None:
    """Equation 25 is no equality: the penalty also holds G(z) in place where q(x) does not change at all."""
    points = torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64)
    exchanged = points.roll(1)
    assert divergence(exchanged, points, 0.5) == pytest.approx(0, abs=1e-14)
    assert (exchanged - points).square().mean() > 4
