from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor

from vigan.models.mixture import GaussianMixture

WEIGHTS = torch.tensor([0.25, 0.625, 0.125], dtype=torch.float64)
MEANS = torch.tensor([[0.0, 1.0], [3.0, -2.0], [-5.0, 0.5]], dtype=torch.float64)
FACTORS = torch.tensor(
    [[[1.0, 0.0], [0.5, 0.2]], [[0.3, 0.0], [-0.9, 1.5]], [[2.0, 0.0], [0.0, 0.1]]], dtype=torch.float64
)
COVARIANCES = FACTORS @ FACTORS.mT


def mixture() -> GaussianMixture:
    return GaussianMixture(WEIGHTS, MEANS, COVARIANCES)


def latents(cells: int) -> Tensor:
    """Midpoints of `cells` equal intervals of the normal CDF, each with all noise vectors of +-1."""
    picks = torch.special.ndtri((torch.arange(cells, dtype=torch.float64) + 0.5) / cells)
    signs = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=2)), dtype=torch.float64)
    return torch.cat([picks.repeat_interleave(4).unsqueeze(1), signs.repeat(cells, 1)], dim=1)


def test_components_come_as_often_as_their_weights_say() -> None:
    found = mixture().component(latents(64)[:, 0])
    torch.testing.assert_close(found.bincount() / len(found), WEIGHTS.float())
    assert bool((found.diff() >= 0).all())


def test_points_have_the_mean_and_covariance_of_the_mixture() -> None:
    points = mixture()(latents(64))
    mean = WEIGHTS @ MEANS
    second = torch.einsum("k,kij->ij", WEIGHTS, COVARIANCES + torch.einsum("ki,kj->kij", MEANS, MEANS))
    torch.testing.assert_close(points.mean(0), mean)
    torch.testing.assert_close(torch.cov(points.T, correction=0), second - torch.outer(mean, mean))


def test_points_of_a_component_have_its_mean_and_covariance() -> None:
    z = latents(64)
    points, component = mixture()(z), mixture().component(z[:, 0])
    for index in range(3):
        own = points[component == index]
        torch.testing.assert_close(own.mean(0), MEANS[index])
        torch.testing.assert_close(torch.cov(own.T, correction=0), COVARIANCES[index])


def test_a_point_depends_on_its_own_latents_alone() -> None:
    z = torch.from_numpy(np.random.default_rng(0).standard_normal((50, 3)))
    together, order = mixture()(z), torch.from_numpy(np.random.default_rng(1).permutation(50))
    torch.testing.assert_close(mixture()(z[order]), together[order], rtol=0, atol=1e-14)
    torch.testing.assert_close(mixture()(z[:1]), together[:1], rtol=0, atol=1e-14)


def test_points_come_in_the_precision_of_the_latents() -> None:
    z = latents(8)
    single = mixture()(z.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), mixture()(z), rtol=1e-5, atol=1e-5)


def test_a_saved_mixture_is_the_same_mixture() -> None:
    other = GaussianMixture(torch.ones_like(WEIGHTS) / 3, torch.zeros_like(MEANS), torch.zeros_like(COVARIANCES))
    other.load_state_dict(mixture().state_dict())
    assert torch.equal(other(latents(8)), mixture()(latents(8)))


def test_latents_beyond_all_precision_still_pick_a_component() -> None:
    rounded = GaussianMixture(torch.full((7,), 0.14285713), torch.zeros(7, 2), torch.eye(2).repeat(7, 1, 1))
    assert rounded.weights.double().sum() < 1
    assert rounded.component(torch.tensor([-40.0, 40.0])).tolist() == [0, 6]


def test_a_component_of_weight_zero_is_never_picked() -> None:
    gap = GaussianMixture(torch.tensor([0.5, 0.0, 0.5]), MEANS, COVARIANCES)
    assert sorted(gap.component(latents(64)[:, 0]).unique().tolist()) == [0, 2]
