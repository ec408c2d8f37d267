"""From the joint KL of (x, z, y) to ALI's losses, on tables of probabilities. Numbers: docs/derivations.md."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
import torch
from finite import SEEDS, VALUES_OF_X, VALUES_OF_Z, batch, counts, given_x, given_z, kl, logit, pair, probabilities
from torch import Tensor

from vigan.objectives import ali, gaussian
from vigan.objectives.losses import discriminator_loss

EXACT = {"rtol": 0.0, "atol": 1e-12}
SHAPE = (VALUES_OF_X, VALUES_OF_Z)


class Stage(NamedTuple):
    """p = p~(x) p(z|x) and q = q(z) q(x|z), the same before the step, and the best D of before."""

    p: Tensor
    q: Tensor
    old_p: Tensor
    old_q: Tensor
    d: Tensor


def stage(seed: int) -> Stage:
    p, q, *_ = pair(seed, *SHAPE)
    first, second, *_ = pair(100 + seed, *SHAPE)
    old_p, old_q = given_x(first) * p.sum(1, keepdim=True), given_z(second) * q.sum(0)
    return Stage(p, q, old_p, old_q, best_d(old_p, old_q))


def best_d(old_p: Tensor, old_q: Tensor) -> Tensor:
    """Equation 39."""
    return old_p / (old_p + old_q)


def joint_kl(p: Tensor, q: Tensor, d: Tensor) -> Tensor:
    """Equation 36: KL(q(x,z,y) || p(x,z,y)) with q(x,z,1) = p/2, q(x,z,0) = q/2 and p(1|x,z) = D."""
    return kl(torch.stack([p, q]) / 2, torch.stack([d, 1 - d]) * p)


def objective(p: Tensor, q: Tensor, d: Tensor) -> Tensor:
    """Equation 37."""
    return -(p * d.log()).sum() + (q * (q / ((1 - d) * p)).log()).sum()


def derived(p: Tensor, q: Tensor, d: Tensor) -> Tensor:
    """Equation 41."""
    return -(p * d.log()).sum() - (q * d.log()).sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_joint_kl_of_pairs_and_y_is_half_of_two_integrals_less_log_two(seed: int) -> None:
    """Equations 35 to 37."""
    p, q, *_, d = stage(seed)
    torch.testing.assert_close(joint_kl(p, q, d), objective(p, q, d) / 2 - math.log(2), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_d_minimises_on_pairs_is_its_loss_and_a_constant(seed: int) -> None:
    """Equation 38, halved, and 39: with the best D there remains KL((p + q)/2 || p)."""
    p, q, p_counts, q_counts = pair(seed, *SHAPE)
    one, best = probabilities(counts(50 + seed, *SHAPE)), best_d(p, q)
    losses = [discriminator_loss(batch(logit(d), p_counts), batch(logit(d), q_counts)) for d in (one, best)]
    torch.testing.assert_close(losses[0] - losses[1], joint_kl(p, q, one) - joint_kl(p, q, best), **EXACT)
    torch.testing.assert_close(joint_kl(p, q, best), kl((p + q) / 2, p), **EXACT)
    assert losses[0] > losses[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_objective_of_encoder_and_generator_is_the_derived_loss_and_two_terms(seed: int) -> None:
    """Equations 37 to 41: KL(q(x|z) || q_o(x|z)) in the mean over z, and E_q[log p_o(z|x) / p(z|x)]."""
    p, q, old_p, old_q, d = stage(seed)
    _, _, p_counts, q_counts = pair(seed, *SHAPE)
    loss = ali.derived(batch(logit(d), p_counts), batch(logit(d), q_counts))
    of_generator = (q * (given_z(q) / given_z(old_q)).log()).sum()
    of_encoder = (q * (given_x(old_p) / given_x(p)).log()).sum()
    torch.testing.assert_close(objective(p, q, d), loss + of_generator + of_encoder, **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_three_losses_are_the_three_formulas(seed: int) -> None:
    """Equations 41, 42 and 43, as expectations over tables."""
    p, q, *_, d = stage(seed)
    _, _, p_counts, q_counts = pair(seed, *SHAPE)
    formulas = {
        "derived": derived(p, q, d),
        "min-max": (p * d.log()).sum() + (q * (1 - d).log()).sum(),
        "non-saturating": -(p * (1 - d).log()).sum() - (q * d.log()).sum(),
    }
    assert formulas.keys() == ali.LOSSES.keys()
    for name, formula in formulas.items():
        found = ali.LOSSES[name](batch(logit(d), p_counts), batch(logit(d), q_counts))
        torch.testing.assert_close(found, formula, **EXACT)


def slope(p: Tensor, q: Tensor, term: str) -> Tensor:
    """Slope of one of the two terms dropped from equation 40 in the logits of its table, at p = p_o and q = q_o."""
    table = given_z(q) if term == "generator" else given_x(p)
    logits = table.log().requires_grad_()
    new = logits.softmax(0 if term == "generator" else 1)
    value = (q.sum(0) * new * (new / table).log()).sum() if term == "generator" else (q * (table / new).log()).sum()
    return torch.autograd.grad(value, logits)[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_of_the_two_dropped_terms_the_encoder_s_acts_from_the_first_step(seed: int) -> None:
    """Equation 40: at p = p_o, q = q_o the generator's term has no slope; the encoder's has, unless p(z|x) = q(z|x)."""
    p, q, *_ = stage(seed)
    assert slope(p, q, "generator").abs().max() < 1e-15
    assert slope(p, q, "encoder").abs().max() > 1e-3
    matched = given_x(q) * p.sum(1, keepdim=True)
    assert slope(matched, q, "encoder").abs().max() < 1e-15


@pytest.mark.parametrize("std", [1.0, 0.2])
def test_for_a_gaussian_encoder_the_dropped_term_is_the_reconstruction_of_latents(std: float) -> None:
    """Equation 40, last term, p(z|x) = N(E(x), std^2 I): E_q ||z - E(x)||^2 / (2 std^2), less the same for E_o."""
    draw = np.random.default_rng(0)
    z, codes, old_codes = (torch.from_numpy(draw.standard_normal((30, 4))) for _ in range(3))
    log_variance = torch.tensor(2 * math.log(std), dtype=torch.float64)
    term = (gaussian.log_density(z, old_codes, log_variance) - gaussian.log_density(z, codes, log_variance)).mean()
    misses, old_misses = ((z - code).square().sum(1).mean() for code in (codes, old_codes))
    torch.testing.assert_close(term, (misses - old_misses) / (2 * std**2), **EXACT)
    assert abs(term - (codes - old_codes).square().sum(1).mean() / (2 * std**2)) > 0.1


def towards(p: Tensor, q: Tensor, loss: str) -> float:
    """Rate of change of a loss as p moves towards q, with D at its best for both; "complete" is equation 37."""
    share = torch.zeros((), dtype=torch.float64, requires_grad=True)
    moved, d = p + share * (q - p), best_d(p, q)
    values = {
        "complete": lambda: objective(moved, q, d),
        "derived": lambda: derived(moved, q, d),
        "min-max": lambda: (moved * d.log()).sum(),
        "non-saturating": lambda: -(moved * (1 - d).log()).sum(),
    }
    return float(torch.autograd.grad(values[loss](), share)[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_derived_loss_alone_sends_the_encoder_away_from_the_generator(seed: int) -> None:
    """Equations 37 and 41 to 43, for p~(x) = q(x): E_p[-log D] rises as p(z|x) nears q(z|x), the others fall."""
    p, other, *_ = pair(seed, *SHAPE)
    q = given_x(other) * p.sum(1, keepdim=True)
    assert towards(p, q, "derived") > 1e-3
    assert max(towards(p, q, loss) for loss in ("complete", "min-max", "non-saturating")) < -1e-3
