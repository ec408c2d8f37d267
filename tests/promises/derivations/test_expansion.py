"""The article's step from KL(q || q_o) to a squared distance, on densities where both sides have closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vigan.objectives.stabilisers import proximal
from vigan.tools.linear_games import of_generator

THETA = np.array([0.3, -1.0, 0.8, 0.1])
DIRECTION = np.array([1.0, 0.5, -0.7, 0.2])


def softmax(theta: np.ndarray) -> np.ndarray:
    weights = np.exp(theta - theta.max())
    return weights / weights.sum()


def kl(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.sum(first * np.log(first / second)))


def fisher(theta: np.ndarray) -> np.ndarray:
    """E[score score^T] of a categorical softmax family, outcome by outcome."""
    q = softmax(theta)
    scores = np.eye(len(q)) - q
    return sum(p * np.outer(score, score) for p, score in zip(q, scores, strict=True))


def test_kl_is_half_the_fisher_form_up_to_third_order() -> None:
    halvings = [DIRECTION / 2**n for n in range(5, 11)]
    forms = [d @ fisher(THETA) @ d / 2 for d in halvings]
    errors = np.array([abs(kl(softmax(THETA + d), softmax(THETA)) - f) for d, f in zip(halvings, forms, strict=True)])
    np.testing.assert_allclose(errors[:-1] / errors[1:], 8, rtol=0.04)
    assert errors[-1] < 0.002 * forms[-1]


def test_kl_of_a_step_is_of_second_order_in_the_step() -> None:
    steps = [kl(softmax(THETA + DIRECTION / 2**n), softmax(THETA)) for n in range(5, 9)]
    np.testing.assert_allclose(np.divide(steps[:-1], steps[1:]), 4, rtol=0.05)


@pytest.mark.parametrize("deviation", [0.5, 2.0])
def test_for_a_shifted_gaussian_the_regulariser_is_kl_at_its_natural_lambda(deviation: float) -> None:
    z = torch.from_numpy(np.random.default_rng(0).standard_normal((64, 2)))
    shift = torch.tensor([0.3, -0.2], dtype=torch.float64)

    def generate(mean: Tensor) -> Tensor:
        return mean + deviation * z

    view = of_generator(generate(shift), generate(torch.zeros(2, dtype=torch.float64)))
    between = torch.distributions.kl_divergence(
        torch.distributions.Normal(shift, deviation), torch.distributions.Normal(torch.zeros(2), deviation)
    )
    natural_lambda_sum = 1 / (2 * deviation**2)
    found = natural_lambda_sum * 2 * proximal.Proximal(lambda_mean=1.0).generator_term(view).item()
    assert found == pytest.approx(between.sum().item(), rel=1e-12)


def test_the_regulariser_too_is_of_second_order_in_the_step() -> None:
    z = torch.from_numpy(np.random.default_rng(0).standard_normal((64, 3)))
    weights, direction = (torch.from_numpy(np.random.default_rng(seed).standard_normal((3, 2))) for seed in (1, 2))
    old = (z @ weights).tanh()
    values = [
        proximal.Proximal(lambda_mean=1.0)
        .generator_term(of_generator((z @ (weights + direction / 2**n)).tanh(), old))
        .item()
        for n in range(8, 12)
    ]
    np.testing.assert_allclose(np.divide(values[:-1], values[1:]), 4, rtol=0.01)
