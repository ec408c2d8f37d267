from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from vigan.objectives import aae, losses

PRIOR, CODES = [0.3, -1.2, 4.0], [-0.7, 2.5, -3.0]


def d(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def tensor(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_d_calls_the_prior_real_and_codes_fake() -> None:
    expected = -sum(math.log(d(a)) + math.log(1 - d(b)) for a, b in zip(PRIOR, CODES, strict=True)) / 6
    assert losses.discriminator_loss(tensor(PRIOR), tensor(CODES)).item() == pytest.approx(expected, rel=1e-14)


def test_the_encoder_gains_where_d_takes_its_codes_for_the_prior_s() -> None:
    logits = tensor(CODES)
    loss = aae.encoder_loss(logits)
    loss.backward()
    assert loss.item() == pytest.approx(-sum(math.log(d(code)) for code in CODES) / 3, rel=1e-14)
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad, tensor([(d(code) - 1) / 3 for code in CODES]).detach())


@pytest.mark.parametrize("shape", [(4, 2), (3, 1, 8, 8)], ids=str)
def test_reconstruction_is_a_sum_over_coordinates_and_a_mean_over_the_batch(shape: tuple[int, ...]) -> None:
    x, decoded = np.random.default_rng(0).standard_normal((2, *shape))
    expected = np.mean([np.sum((a - b) ** 2) for a, b in zip(x, decoded, strict=True)])
    assert aae.reconstruction(torch.from_numpy(x), torch.from_numpy(decoded)).item() == pytest.approx(expected)
