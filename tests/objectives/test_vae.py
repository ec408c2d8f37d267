from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from vigan.objectives import gaussian, vae


def draws(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("shape", [(5, 2), (5, 3, 4, 4)], ids=str)
@pytest.mark.parametrize("std", [0.1, 1.0, 2.5])
def test_reconstruction_is_a_scaled_squared_norm_and_its_constant(std: float, shape: tuple[int, ...]) -> None:
    x, decoded = draws(*shape), draws(*shape, seed=1)
    squared_norms = ((x - decoded) ** 2).flatten(1).sum(1)
    constant = math.prod(shape[1:]) * math.log(std * math.sqrt(2 * math.pi))
    expected = squared_norms / (2 * std**2) + constant
    torch.testing.assert_close(vae.reconstruction(x, decoded, std), expected, rtol=1e-12, atol=1e-12)


def test_both_parts_are_means_over_the_batch_and_their_sum_is_the_loss() -> None:
    x, decoded, mean, log_variance = (draws(7, size, seed=size) for size in (6, 6, 2, 2))
    parts = vae.negative_elbo(x, decoded + 1, 0.5, mean, log_variance + 1)
    assert parts.reconstruction.item() == pytest.approx(vae.reconstruction(x, decoded + 1, 0.5).mean().item())
    expected = gaussian.kl_to_standard_normal(mean, log_variance + 1)
    assert parts.kl.item() == pytest.approx(expected.mean().item())
    assert parts.total.item() == pytest.approx(parts.reconstruction.item() + parts.kl.item())
    one_by_one = [
        vae.negative_elbo(
            *(part[i : i + 1] for part in (x, decoded + 1)), 0.5, mean[i : i + 1], log_variance[i : i + 1]
        )
        for i in range(7)
    ]
    assert parts.reconstruction.item() == pytest.approx(np.mean([one.reconstruction.item() for one in one_by_one]))


@pytest.mark.parametrize("std", [0.0, -1.0])
def test_a_decoder_without_a_width_is_refused(std: float) -> None:
    with pytest.raises(ValueError, match=r".+"):
        vae.reconstruction(draws(2, 3), draws(2, 3), std)


def test_the_loss_trains_decoder_and_encoder_through_the_draw() -> None:
    x, noise = draws(4, 2), draws(4, 2, seed=1)

    def loss(mean: Tensor, log_variance: Tensor, weight: Tensor) -> Tensor:
        z = gaussian.sample(mean, log_variance, noise)
        return vae.negative_elbo(x, z @ weight, 0.8, mean, log_variance).total

    parameters = [draws(*shape, seed=2).requires_grad_() for shape in ((4, 2), (4, 2), (2, 2))]
    assert torch.autograd.gradcheck(loss, parameters)


def test_float32_stays_float32() -> None:
    single = [part.float() for part in (draws(3, 4), draws(3, 4, seed=1), draws(3, 2), draws(3, 2, seed=1))]
    assert vae.negative_elbo(single[0], single[1], 0.3, single[2], single[3]).total.dtype == torch.float32
