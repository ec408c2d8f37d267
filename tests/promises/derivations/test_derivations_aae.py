"""From the joint KL on codes to AAE's losses, on tables of probabilities. Numbers: docs/derivations.md."""

from __future__ import annotations

import math

import pytest
import torch
from finite import SEEDS, VALUES_OF_Z, batch, counts, distribution, kl, logit, pair, probabilities
from torch import Tensor

from vigan.objectives import aae
from vigan.objectives.losses import discriminator_loss

EXACT = {"rtol": 0.0, "atol": 1e-12}


def joint_kl(codes: Tensor, prior: Tensor, d: Tensor) -> Tensor:
    """KL(p(z,y) || q(z,y)): p(z,1) = p(z)/2, p(z,0) = q(z)/2; q(z,y) = q(y|z) q(z) with q(0|z) = D(z)."""
    return kl(torch.stack([codes, prior]) / 2, torch.stack([1 - d, d]) * prior)


def best_d(prior: Tensor, old_codes: Tensor) -> Tensor:
    return prior / (old_codes + prior)


def encoder_objective(codes: Tensor, prior: Tensor, d: Tensor) -> Tensor:
    """Equation 31."""
    return (codes * (codes / ((1 - d) * prior)).log()).sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mean_over_codes_is_one_over_examples(seed: int) -> None:
    """Equation 27, and the second line of 30: p(z) is the image of p~(x) under E."""
    data_counts, d = counts(seed, 8), distribution(50 + seed, VALUES_OF_Z)
    encoder = torch.arange(8) % VALUES_OF_Z
    codes = torch.zeros(VALUES_OF_Z, dtype=torch.float64).index_add(0, encoder, probabilities(data_counts))
    over_examples = aae.encoder_loss(batch(logit(d)[encoder], data_counts))
    torch.testing.assert_close(over_examples, -(codes * d.log()).sum(), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_joint_kl_of_codes_and_y_is_half_of_two_integrals_less_log_two(seed: int) -> None:
    """Equations 28 and 29."""
    codes, prior, *_ = pair(seed, VALUES_OF_Z)
    d = distribution(50 + seed, VALUES_OF_Z)
    integrals = encoder_objective(codes, prior, d) - (prior * d.log()).sum()
    torch.testing.assert_close(joint_kl(codes, prior, d), integrals / 2 - math.log(2), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_d_minimises_on_codes_is_its_loss_and_a_constant(seed: int) -> None:
    """Equation 30, halved, and its solution: the prior's draws are the real ones."""
    codes, prior, code_counts, prior_counts = pair(seed, VALUES_OF_Z)
    one, best = distribution(50 + seed, VALUES_OF_Z), best_d(prior, codes)
    losses = [discriminator_loss(batch(logit(d), prior_counts), batch(logit(d), code_counts)) for d in (one, best)]
    expected = joint_kl(codes, prior, one) - joint_kl(codes, prior, best)
    torch.testing.assert_close(losses[0] - losses[1], expected, **EXACT)
    assert expected > 1e-3
    torch.testing.assert_close(joint_kl(codes, prior, best), kl((codes + prior) / 2, prior), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_encoder_s_objective_is_minus_log_d_and_a_divergence_from_the_old_codes(seed: int) -> None:
    """Equations 31 to 33: for any p(z), if D was the best one for p_o(z)."""
    codes, prior, code_counts, _ = pair(seed, VALUES_OF_Z)
    old_codes = distribution(70 + seed, VALUES_OF_Z)
    d = best_d(prior, old_codes)
    adversarial = aae.encoder_loss(batch(logit(d), code_counts))
    torch.testing.assert_close(encoder_objective(codes, prior, d), adversarial + kl(codes, old_codes), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_alternating_scheme_on_codes_ends_at_the_prior(seed: int) -> None:
    """Equations 30 and 32 in turn, each solved exactly."""
    codes, prior, *_ = pair(seed, VALUES_OF_Z)
    for _ in range(60):
        codes = codes * best_d(prior, codes)
        codes = codes / codes.sum()
    torch.testing.assert_close(codes, prior, **EXACT)
