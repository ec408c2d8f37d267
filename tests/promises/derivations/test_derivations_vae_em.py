"""From the joint KL to VAE and EM, on tables of probabilities. Numbers: docs/derivations.md."""

from __future__ import annotations

import itertools

import pytest
import torch
from finite import SEEDS, VALUES_OF_X, VALUES_OF_Z, distribution, given_x, given_z, kl, pair
from torch import Tensor

from vigan.objectives import gaussian, vae

EXACT = {"rtol": 0.0, "atol": 1e-12}
SHAPE = (VALUES_OF_X, VALUES_OF_Z)


def per_x(p: Tensor, q: Tensor) -> Tensor:
    """KL(p(z|x) || q(z|x)) for every x."""
    return (given_x(p) * (given_x(p) / given_x(q)).log()).sum(1)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_joint_kl_is_the_marginal_one_and_a_divergence_of_posteriors(seed: int) -> None:
    """Equation 4."""
    p, q, *_ = pair(seed, *SHAPE)
    of_posteriors = (p.sum(1) * per_x(p, q)).sum()
    torch.testing.assert_close(kl(p, q), kl(p.sum(1), q.sum(1)) + of_posteriors, **EXACT)
    assert of_posteriors > 0.001
    assert kl(p, q) > kl(p.sum(1), q.sum(1))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_vae_s_loss_is_the_joint_kl_and_the_entropy_of_the_data(seed: int) -> None:
    """Equations 5 and 6: the constant left out is E[log p~(x)]."""
    p, q, *_ = pair(seed, *SHAPE)
    data, prior = p.sum(1), q.sum(0)
    reconstruction = -(given_x(p) * given_z(q).log()).sum(1)
    to_prior = (given_x(p) * (given_x(p) / prior).log()).sum(1)
    loss = (data * (reconstruction + to_prior)).sum()
    torch.testing.assert_close(loss + (data * data.log()).sum(), kl(p, q), **EXACT)


def signs(latents: int) -> Tensor:
    """All vectors of +-1 (2^latents, latents): of mean 0 and covariance I, as standard normal noise."""
    return torch.tensor(list(itertools.product((-1.0, 1.0), repeat=latents)), dtype=torch.float64)


def linear_vae(x: Tensor, loadings: Tensor, std: float, mean: Tensor, log_variance: Tensor) -> vae.NegativeElbo:
    """Both parts for q(x|z) = N(A z, std^2 I), exact: -log q(x|z) is quadratic in the noise."""
    noise = signs(loadings.shape[1])
    z = gaussian.sample(mean.expand_as(noise), log_variance.expand_as(noise), noise)
    columns = (x.expand(len(noise), -1), z @ loadings.T, std, mean.expand_as(noise), log_variance.expand_as(noise))
    return vae.negative_elbo(*columns)


LOADINGS = torch.tensor([[1.0, 0.5], [-0.5, 1.0], [0.0, 0.0]], dtype=torch.float64)
"""Orthogonal columns, so that the posterior of q(x|z) = N(A z, std^2 I) has a diagonal covariance."""
POINT, STD = torch.tensor([0.7, -1.1, 0.4], dtype=torch.float64), 0.6


def linear_posterior() -> tuple[Tensor, Tensor]:
    precision = 1 + LOADINGS.square().sum(0) / STD**2
    return POINT @ LOADINGS / STD**2 / precision, -precision.log()


def linear_log_evidence() -> Tensor:
    covariance = LOADINGS @ LOADINGS.T + STD**2 * torch.eye(3, dtype=torch.float64)
    zero = torch.zeros(3, dtype=torch.float64)
    return torch.distributions.MultivariateNormal(zero, covariance, validate_args=False).log_prob(POINT)


def test_the_vae_s_loss_at_the_exact_posterior_is_minus_the_log_evidence() -> None:
    """Equation 7, its mean over z, for a linear Gaussian decoder: the bound of equation 4 is tight."""
    loss = linear_vae(POINT, LOADINGS, STD, *linear_posterior())
    torch.testing.assert_close(loss.total, -linear_log_evidence(), **EXACT)


def test_the_vae_s_loss_elsewhere_is_too_large_by_the_divergence_from_the_posterior() -> None:
    """Equations 4 and 7 for a linear Gaussian decoder."""
    mean, log_variance = linear_posterior()
    other = mean + torch.tensor([0.3, -0.2]), log_variance + torch.tensor([0.5, -0.4])
    between = torch.distributions.kl_divergence(
        *(torch.distributions.Normal(m, (v / 2).exp()) for m, v in (other, (mean, log_variance)))
    ).sum()
    loss = linear_vae(POINT, LOADINGS, STD, *other)
    torch.testing.assert_close(loss.total + linear_log_evidence(), between, **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_em_s_q_step_is_a_maximisation_of_the_expected_log_joint(seed: int) -> None:
    """Equation 8: for fixed p(z|x), the joint KL is a constant minus E[log q(x, z)]; unrestricted, q = p is best."""
    p, q, *_ = pair(seed, *SHAPE)
    torch.testing.assert_close(kl(p, q), (p * p.log()).sum() - (p * q.log()).sum(), **EXACT)
    assert kl(p, p) == 0 < kl(p, q)


@pytest.mark.parametrize("seed", SEEDS)
def test_em_s_p_step_is_a_divergence_of_posteriors_and_a_constant(seed: int) -> None:
    """Equations 9 and 10."""
    p, q, *_ = pair(seed, *SHAPE)
    data, decoder, prior = p.sum(1), given_z(q), q.sum(0)
    evidence = (decoder * prior).sum(1)
    posterior = decoder * prior / evidence.unsqueeze(1)
    objective = (data * (given_x(p) * (given_x(p) / (decoder * prior)).log()).sum(1)).sum()
    divergence = (given_x(p) * (given_x(p) / posterior).log()).sum(1)
    torch.testing.assert_close(objective, (data * (divergence - evidence.log())).sum(), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_posterior_makes_the_joint_kl_the_marginal_one(seed: int) -> None:
    """Equation 11: with p(z|x) = q(x|z) q(z) / q(x) the bound of equation 4 is an equality, otherwise it is not."""
    p, q, *_ = pair(seed, *SHAPE)
    data = p.sum(1)
    best = data.unsqueeze(1) * given_x(q)
    torch.testing.assert_close(kl(best, q), kl(data, q.sum(1)), **EXACT)
    for other in SEEDS:
        elsewhere = data.unsqueeze(1) * given_x(distribution(100 + other, *SHAPE))
        assert kl(elsewhere, q) > kl(best, q) + 1e-4
