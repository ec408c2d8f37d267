from __future__ import annotations

import math

import pytest
import torch

from vigan.objectives.losses import discriminator_loss, generator_loss

REAL, FAKE = [0.3, -1.2, 4.0, 0.0], [-0.7, 2.5, -3.0, 0.1]


def d(logit: float) -> float:
    """Probability of "real", by its definition."""
    return 1 / (1 + math.exp(-logit))


def tensor(values: list[float], dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def test_d_s_loss_is_half_the_sum_of_its_two_cross_entropies() -> None:
    on_real = -sum(math.log(d(logit)) for logit in REAL) / 4
    on_fake = -sum(math.log(1 - d(logit)) for logit in FAKE) / 4
    assert discriminator_loss(tensor(REAL), tensor(FAKE)).item() == pytest.approx((on_real + on_fake) / 2, rel=1e-14)


def test_g_s_loss_is_minus_log_d() -> None:
    expected = -sum(math.log(d(logit)) for logit in FAKE) / 4
    assert generator_loss(tensor(FAKE)).item() == pytest.approx(expected, rel=1e-14)


def test_an_undecided_d_costs_log_two() -> None:
    zeros = tensor([0.0] * 3)
    assert discriminator_loss(zeros, zeros).item() == pytest.approx(math.log(2), rel=1e-15)
    assert generator_loss(zeros).item() == pytest.approx(math.log(2), rel=1e-15)


def test_gradients_are_those_of_the_formulas() -> None:
    real, fake, judged = tensor(REAL), tensor(FAKE), tensor(FAKE)
    discriminator_loss(real, fake).backward()
    generator_loss(judged).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert judged.grad is not None
    torch.testing.assert_close(real.grad, tensor([(d(x) - 1) / 8 for x in REAL]).detach())
    torch.testing.assert_close(fake.grad, tensor([d(x) / 8 for x in FAKE]).detach())
    torch.testing.assert_close(judged.grad, tensor([(d(x) - 1) / 4 for x in FAKE]).detach())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [50.0, 1e3, 1e30])
def test_extreme_logits_cost_their_size_when_wrong_and_nothing_when_right(size: float, dtype: torch.dtype) -> None:
    for real, fake, cost in ((size, -size, 0.0), (-size, size, size)):
        logits = tensor([real, real], dtype), tensor([fake, fake], dtype)
        loss = discriminator_loss(*logits)
        loss.backward()
        assert loss.item() == pytest.approx(cost, rel=1e-6, abs=1e-20)
        assert all(logit.grad is not None and bool(logit.grad.isfinite().all()) for logit in logits)
    wrong = tensor([-size], dtype)
    generator_loss(wrong).backward()
    assert generator_loss(wrong).item() == pytest.approx(size, rel=1e-6)
    assert wrong.grad is not None
    assert wrong.grad.item() == -1.0


def test_a_lone_confident_logit_keeps_its_tiny_loss() -> None:
    assert generator_loss(tensor([40.0])).item() == pytest.approx(math.exp(-40), rel=1e-6)
