"""From the joint KL with a binary y to GAN's losses, on tables of probabilities. Numbers: docs/derivations.md."""

from __future__ import annotations

import math

import pytest
import torch
from finite import SEEDS, VALUES_OF_X, batch, counts, distribution, kl, logit, pair, probabilities
from torch import Tensor
from torch.nn.functional import one_hot

from vigan.objectives.losses import discriminator_loss, generator_loss

EXACT = {"rtol": 0.0, "atol": 1e-12}


def joint_kl(data: Tensor, q: Tensor, d: Tensor) -> Tensor:
    """KL(q(x,y) || p(x,y)): q(x,1) = p~(x)/2, q(x,0) = q(x)/2; p(x,y) = p(y|x) p~(x) with p(1|x) = D(x)."""
    return kl(torch.stack([data, q]) / 2, torch.stack([d, 1 - d]) * data)


def best_d(data: Tensor, old_q: Tensor) -> Tensor:
    """Equation 18."""
    return data / (data + old_q)


def generator_objective(data: Tensor, q: Tensor, d: Tensor) -> Tensor:
    """Equation 17."""
    return (q * (q / ((1 - d) * data)).log()).sum()


def best_q(old_q: Tensor, d: Tensor) -> Tensor:
    """Where equation 19 is least over all distributions: D q_o, normalised."""
    return d * old_q / (d * old_q).sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mean_over_generated_points_is_one_over_latents(seed: int) -> None:
    """Equation 12, and the second line of 19: q(x) is the image of q(z) under G."""
    latent_counts, d = counts(seed, 9), distribution(50 + seed, VALUES_OF_X)
    generator = torch.arange(9) % VALUES_OF_X
    q = torch.zeros(VALUES_OF_X, dtype=torch.float64).index_add(0, generator, probabilities(latent_counts))
    over_latents = generator_loss(batch(logit(d)[generator], latent_counts))
    torch.testing.assert_close(over_latents, -(q * d.log()).sum(), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_joint_kl_with_y_is_half_of_two_integrals_less_log_two(seed: int) -> None:
    """Equations 13 and 14: what its second line leaves out is the factor 1/2 and -log 2."""
    data, q, *_ = pair(seed, VALUES_OF_X)
    d = distribution(50 + seed, VALUES_OF_X)
    integrals = -(data * d.log()).sum() + generator_objective(data, q, d)
    torch.testing.assert_close(joint_kl(data, q, d), integrals / 2 - math.log(2), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_joint_kl_vanishes_where_d_is_undecided_and_q_is_the_data(seed: int) -> None:
    """Equation 15; and nowhere else: with the best D there remains KL((p~ + q)/2 || p~), equation 4 for y."""
    data, q, *_ = pair(seed, VALUES_OF_X)
    undecided = torch.full_like(data, 0.5)
    torch.testing.assert_close(joint_kl(data, data, undecided), data.new_tensor(0.0), **EXACT)
    remainder = joint_kl(data, q, best_d(data, q))
    torch.testing.assert_close(remainder, kl((data + q) / 2, data), **EXACT)
    assert remainder > 1e-3
    assert joint_kl(data, q, undecided) > remainder


@pytest.mark.parametrize("seed", SEEDS)
def test_what_d_minimises_is_d_s_loss_and_a_constant(seed: int) -> None:
    """Equation 16, halved as released: between two D, the joint KL and the loss differ by the same amount."""
    data, q, data_counts, q_counts = pair(seed, VALUES_OF_X)
    one, other = distribution(50 + seed, VALUES_OF_X), distribution(60 + seed, VALUES_OF_X)
    losses = [discriminator_loss(batch(logit(d), data_counts), batch(logit(d), q_counts)) for d in (one, other)]
    torch.testing.assert_close(losses[0] - losses[1], joint_kl(data, q, one) - joint_kl(data, q, other), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_d_is_the_share_of_the_data(seed: int) -> None:
    """Equation 18: there D's loss has no slope, and is less than elsewhere."""
    data, q, data_counts, q_counts = pair(seed, VALUES_OF_X)
    logits = logit(best_d(data, q)).requires_grad_()
    loss = discriminator_loss(batch(logits, data_counts), batch(logits, q_counts))
    (slope,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(slope, torch.zeros_like(slope), **EXACT)
    for other in SEEDS:
        elsewhere = logit(distribution(60 + other, VALUES_OF_X))
        assert discriminator_loss(batch(elsewhere, data_counts), batch(elsewhere, q_counts)) > loss


@pytest.mark.parametrize("seed", SEEDS)
def test_the_generator_s_objective_is_minus_log_d_and_a_divergence_from_the_old_generator(seed: int) -> None:
    """Equations 17 to 20: for any q, if D was the best one for q_o."""
    data, q, _, q_counts = pair(seed, VALUES_OF_X)
    old_q = distribution(70 + seed, VALUES_OF_X)
    d = best_d(data, old_q)
    adversarial = generator_loss(batch(logit(d), q_counts))
    torch.testing.assert_close(generator_objective(data, q, d), adversarial + kl(q, old_q), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_with_another_d_the_rewriting_fails(seed: int) -> None:
    """Between 17 and 19 stands the optimality of D: without it they differ."""
    data, q, *_ = pair(seed, VALUES_OF_X)
    old_q, d = distribution(70 + seed, VALUES_OF_X), distribution(80 + seed, VALUES_OF_X)
    rewritten = -(q * d.log()).sum() + kl(q, old_q)
    assert abs(generator_objective(data, q, d) - rewritten) > 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_without_the_divergence_the_best_generator_is_a_single_point(seed: int) -> None:
    """Equation 20 and the remark after it: all mass on argmax D."""
    data, old_q, *_ = pair(seed, VALUES_OF_X)
    d = best_d(data, old_q)
    collapsed = -d.log().max()
    for other in SEEDS:
        assert -(distribution(other, VALUES_OF_X) * d.log()).sum() > collapsed + 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_with_the_divergence_the_best_generator_is_d_times_the_old_one(seed: int) -> None:
    """Equation 19: no slope in the logits of q at D q_o / sum, and every other q costs its divergence from that."""
    data, old_q, *_ = pair(seed, VALUES_OF_X)
    d = best_d(data, old_q)
    best = best_q(old_q, d)
    logits = best.log().requires_grad_()
    (slope,) = torch.autograd.grad(generator_objective(data, logits.softmax(0), d), logits)
    torch.testing.assert_close(slope, torch.zeros_like(slope), **EXACT)
    other = distribution(90 + seed, VALUES_OF_X)
    excess = generator_objective(data, other, d) - generator_objective(data, best, d)
    torch.testing.assert_close(excess, kl(other, best), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_alternating_scheme_ends_at_the_data(seed: int) -> None:
    """Equations 16 and 19 in turn, each solved exactly: the joint KL falls at every half-step, to q = p~, D = 1/2."""
    data, q, *_ = pair(seed, VALUES_OF_X)
    d = torch.full_like(data, 0.5)
    for stage in range(60):
        before = joint_kl(data, q, d)
        d = best_d(data, q)
        between = joint_kl(data, q, d)
        q = best_q(q, d)
        after = joint_kl(data, q, d)
        assert before + 1e-15 >= between
        assert between + 1e-15 >= after
        assert stage > 5 or before - after > 1e-8
    torch.testing.assert_close(q, data, **EXACT)
    torch.testing.assert_close(d, torch.full_like(d, 0.5), **EXACT)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stage_of_the_scheme_at_least_halves_the_spread_of_data_over_q(seed: int) -> None:
    """From 18 and 19: p~/q becomes Z (p~/q_o + 1) with Z = E_q_o[D] <= 1/2."""
    data, q, *_ = pair(seed, VALUES_OF_X)
    for _ in range(10):
        ratio, share = data / q, (q * best_d(data, q)).sum()
        q = best_q(q, best_d(data, q))
        torch.testing.assert_close(data / q, share * (ratio + 1), **EXACT)
        assert share <= 0.5 + 1e-15


@pytest.mark.parametrize("seed", SEEDS)
def test_the_scheme_without_the_divergence_jumps_from_point_to_point(seed: int) -> None:
    """Equations 16 and 20 in turn, each solved exactly: always one value of x, another one each time."""
    data, q, *_ = pair(seed, VALUES_OF_X)
    points = []
    for _ in range(12):
        points.append(int(best_d(data, q).argmax()))
        q = one_hot(torch.tensor(points[-1]), VALUES_OF_X).double()
    assert all(one != other for one, other in zip(points, points[1:], strict=False))
