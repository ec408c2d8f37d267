from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from vigan.objectives import gaussian


def draws(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def diagonal(mean: Tensor, log_variance: Tensor) -> Independent:
    return Independent(Normal(mean, (log_variance / 2).exp()), mean.ndim - 1)


@pytest.mark.parametrize("shape", [(6, 1), (6, 5), (3, 2, 4, 4)], ids=str)
def test_divergence_and_density_are_those_of_torch_s_distributions(shape: tuple[int, ...]) -> None:
    mean, log_variance, x = draws(*shape), draws(*shape, seed=1), draws(*shape, seed=2)
    prior = diagonal(torch.zeros_like(mean), torch.zeros_like(mean))
    found = gaussian.kl_to_standard_normal(mean, log_variance)
    assert found.shape == shape[:1]
    torch.testing.assert_close(found, kl_divergence(diagonal(mean, log_variance), prior), rtol=1e-13, atol=1e-13)
    expected = diagonal(mean, log_variance).log_prob(x)
    torch.testing.assert_close(gaussian.log_density(x, mean, log_variance), expected, rtol=1e-13, atol=1e-13)


def test_the_divergence_is_the_mean_log_ratio_of_draws_within_their_standard_error() -> None:
    mean, log_variance = draws(1, 3), draws(1, 3, seed=1)
    z = gaussian.sample(mean, log_variance, draws(40_000, 3, seed=2))
    ratios = gaussian.log_density(z, mean, log_variance) - gaussian.log_density(z, torch.zeros(1), torch.zeros(1))
    standard_error = ratios.std() / len(ratios) ** 0.5
    exact = gaussian.kl_to_standard_normal(mean, log_variance).item()
    assert abs(ratios.mean().item() - exact) < 3 * standard_error
    assert standard_error < 0.02 * exact


def test_draws_have_the_moments_they_were_asked_for() -> None:
    mean, log_variance = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.4, -1.0]])
    noise = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    points = gaussian.sample(mean, log_variance, noise)
    torch.testing.assert_close(points.mean(0), mean[0])
    torch.testing.assert_close(points.var(0, correction=0), log_variance[0].exp())


def test_the_divergence_of_the_prior_from_itself_is_zero_and_keeps_its_size_nearby() -> None:
    zero = torch.zeros(1, 1, dtype=torch.float64)
    assert gaussian.kl_to_standard_normal(zero, zero).item() == 0.0
    small = torch.full_like(zero, 1e-7)
    assert gaussian.kl_to_standard_normal(zero, small).item() == pytest.approx(0.25e-14, rel=1e-4, abs=0)


def test_gradients_of_draws_and_divergence_are_those_of_finite_differences() -> None:
    parts = [draws(4, 3, seed=seed).requires_grad_() for seed in range(3)]
    assert torch.autograd.gradcheck(gaussian.sample, parts)
    assert torch.autograd.gradcheck(gaussian.log_density, parts)
    assert torch.autograd.gradcheck(gaussian.kl_to_standard_normal, parts[:2])
