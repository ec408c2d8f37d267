from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from sklearn import mixture as reference
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from vigan.objectives import em
from vigan.objectives.em import Mixture, MixtureError

SEEDS = range(3)


def points(seed: int, count: int = 300, dimension: int = 3) -> Tensor:
    """Three overlapping clouds of different shapes."""
    draw = np.random.default_rng(seed)
    clouds = [
        draw.standard_normal((count // 3, dimension)) @ draw.standard_normal((dimension, dimension)) + 2 * centre
        for centre in draw.standard_normal((3, dimension))
    ]
    return torch.from_numpy(np.concatenate(clouds))


def start(x: Tensor, components: int, seed: int) -> Mixture:
    """Unequal weights, means at points of the sample, covariances near that of the sample."""
    draw = np.random.default_rng(1000 + seed)
    weights = torch.from_numpy(draw.dirichlet(np.full(components, 5.0)))
    scales = torch.from_numpy(draw.uniform(0.5, 1.5, components))
    return Mixture(weights, x[draw.choice(len(x), components, replace=False)], scales.view(-1, 1, 1) * torch.cov(x.T))


def iterate(x: Tensor, mixture: Mixture, iterations: int, reg: float) -> Mixture:
    for _ in range(iterations):
        mixture = em.maximise(x, em.posterior(x, mixture), reg)
    return mixture


@pytest.mark.parametrize("seed", SEEDS)
def test_the_joint_kl_falls_at_every_half_step(seed: int) -> None:
    """Equations 8 and 11 in turn."""
    x = points(seed)
    mixture = start(x, 4, seed)
    responsibilities = torch.full((len(x), 4), 0.25, dtype=torch.float64)
    values = [em.joint_kl(x, responsibilities, mixture).item()]
    for _ in range(40):
        responsibilities = em.posterior(x, mixture)
        values.append(em.joint_kl(x, responsibilities, mixture).item())
        mixture = em.maximise(x, responsibilities, reg=0.0)
        values.append(em.joint_kl(x, responsibilities, mixture).item())
    falls = -np.diff(values)
    assert falls.min() > -1e-13
    assert falls[:30].min() > 1e-7


@pytest.mark.parametrize("seed", SEEDS)
def test_at_the_posterior_the_joint_kl_is_minus_the_mean_log_likelihood(seed: int) -> None:
    """Equation 11: the bound is tight; elsewhere it is larger by the divergence from the posterior, equation 10."""
    x = points(seed)
    mixture = start(x, 3, seed)
    best = em.posterior(x, mixture)
    likelihood = em.log_likelihood(x, mixture).mean()
    torch.testing.assert_close(em.joint_kl(x, best, mixture), -likelihood, rtol=0, atol=1e-12)
    other = em.posterior(x, start(x, 3, seed + 50))
    divergence = (other * (other / best).log()).sum(1).mean()
    torch.testing.assert_close(em.joint_kl(x, other, mixture) + likelihood, divergence, rtol=0, atol=1e-12)
    assert divergence > 0.01


@pytest.mark.parametrize("seed", SEEDS)
def test_the_q_step_is_where_the_joint_kl_has_no_slope(seed: int) -> None:
    """Equation 8, in weights (as logits), means and Cholesky factors."""
    x = points(seed)
    responsibilities = em.posterior(x, start(x, 3, seed))
    best = em.maximise(x, responsibilities, reg=0.0)
    free = [best.weights.log(), best.means, torch.linalg.cholesky(best.covariances)]

    def slope(parameters: list[Tensor]) -> float:
        logits, means, factors = (parameter.clone().requires_grad_() for parameter in parameters)
        mixture = Mixture(logits.softmax(0), means, factors @ factors.mT)
        gradients = torch.autograd.grad(em.joint_kl(x, responsibilities, mixture), [logits, means, factors])
        return max(gradient.abs().max().item() for gradient in gradients)

    assert slope(free) < 1e-12
    for index in range(3):
        moved = [part.clone() for part in free]
        moved[index][(0,) * moved[index].ndim] += 0.1
        assert slope(moved) > 1e-3


def fitted(x: Tensor, first: Mixture, iterations: int, reg: float) -> reference.GaussianMixture:
    model = reference.GaussianMixture(
        n_components=len(first.weights),
        weights_init=first.weights.numpy(),
        means_init=first.means.numpy(),
        precisions_init=torch.linalg.inv(first.covariances).numpy(),
        max_iter=iterations,
        tol=0.0,
        reg_covar=reg,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x.numpy())


@pytest.mark.parametrize("iterations", [1, 5, 30])
@pytest.mark.parametrize("reg", [1e-6, 0.1])
@pytest.mark.parametrize("seed", SEEDS)
def test_iterations_are_those_of_scikit_learn(seed: int, reg: float, iterations: int) -> None:
    x = points(seed)
    first = start(x, 4, seed)
    theirs, ours = fitted(x, first, iterations, reg), iterate(x, first, iterations, reg)
    np.testing.assert_allclose(ours.weights, theirs.weights_, rtol=0, atol=1e-8)
    np.testing.assert_allclose(ours.means, theirs.means_, rtol=0, atol=1e-8)
    np.testing.assert_allclose(ours.covariances, theirs.covariances_, rtol=0, atol=1e-8)
    np.testing.assert_allclose(em.log_likelihood(x, ours), theirs.score_samples(x.numpy()), rtol=0, atol=1e-8)
    np.testing.assert_allclose(em.posterior(x, ours), theirs.predict_proba(x.numpy()), rtol=0, atol=1e-8)


def test_a_single_component_is_the_sample_s_mean_and_covariance() -> None:
    x = points(0)
    fit = em.maximise(x, torch.ones(len(x), 1, dtype=torch.float64), reg=0.25)
    assert fit.weights.tolist() == [1.0]
    torch.testing.assert_close(fit.means[0], x.mean(0))
    expected = torch.cov(x.T, correction=0) + 0.25 * torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(fit.covariances[0], expected)


def test_far_points_have_a_finite_likelihood_and_certain_responsibilities() -> None:
    x = torch.tensor([[1e4, 0.0], [-1e4, 0.0]], dtype=torch.float64)
    identity, halves = torch.eye(2, dtype=torch.float64).repeat(2, 1, 1), torch.full((2,), 0.5, dtype=torch.float64)
    mixture = Mixture(halves, x.sign(), identity)
    responsibilities = em.posterior(x, mixture)
    assert responsibilities.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert bool(em.log_likelihood(x, mixture).isfinite().all())
    torch.testing.assert_close(em.joint_kl(x, responsibilities, mixture), -em.log_likelihood(x, mixture).mean())


def test_a_component_of_weight_zero_takes_no_part() -> None:
    x = points(0)
    two = start(x, 2, 0)
    third = Mixture(*(torch.cat([part, part[:1]]) for part in two))
    third.weights[2] = 0
    torch.testing.assert_close(em.log_likelihood(x, third), em.log_likelihood(x, two))
    assert bool((em.posterior(x, third)[:, 2] == 0).all())
    value = em.joint_kl(x, em.posterior(x, third), third)
    torch.testing.assert_close(value, -em.log_likelihood(x, two).mean())


def test_a_component_without_points_is_named() -> None:
    x = points(0)
    certain = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64).expand(len(x), 3)
    with pytest.raises(MixtureError, match="component 1 of 3 has lost all points"):
        em.maximise(x, certain, reg=1e-6)


def test_a_flat_covariance_is_named_and_the_remedy_helps() -> None:
    x = torch.cat([points(0)[:, :2], torch.zeros(300, 1, dtype=torch.float64)], dim=1)
    whole = torch.ones(len(x), 1, dtype=torch.float64)
    with pytest.raises(MixtureError, match="component 0 of 1 has no positive definite covariance: choose a larger reg"):
        em.posterior(x, em.maximise(x, whole, reg=0.0))
    assert bool(em.log_likelihood(x, em.maximise(x, whole, reg=1e-6)).isfinite().all())
