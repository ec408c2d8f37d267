from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from vigan.objectives import ali, losses

P, Q = [0.3, -1.2, 4.0, 0.0, 1.1], [-0.7, 2.5, -3.0]
NAMES = sorted(ali.LOSSES)


def d(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def tensor(values: list[float], dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def slopes(name: str, p: list[float], q: list[float]) -> tuple[Tensor, Tensor]:
    logits = tensor(p), tensor(q)
    on_p, on_q = torch.autograd.grad(ali.LOSSES[name](*logits), logits)
    return on_p, on_q


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_values_are_those_of_the_formulas() -> None:
    expected = {
        "derived": -mean([math.log(d(a)) for a in P]) - mean([math.log(d(b)) for b in Q]),
        "min-max": mean([math.log(d(a)) for a in P]) + mean([math.log(1 - d(b)) for b in Q]),
        "non-saturating": -mean([math.log(1 - d(a)) for a in P]) - mean([math.log(d(b)) for b in Q]),
    }
    found = {name: loss(tensor(P), tensor(Q)).item() for name, loss in ali.LOSSES.items()}
    assert found == pytest.approx(expected, rel=1e-14)


def test_d_s_loss_is_minus_half_of_the_min_max_value() -> None:
    on_d = losses.discriminator_loss(tensor(P), tensor(Q)).item()
    assert on_d == pytest.approx(-ali.min_max(tensor(P), tensor(Q)).item() / 2, rel=1e-14)


def test_the_non_saturating_loss_is_d_s_with_the_labels_exchanged() -> None:
    exchanged = losses.discriminator_loss(-tensor(P), -tensor(Q)).item()
    assert ali.non_saturating(tensor(P), tensor(Q)).item() == pytest.approx(2 * exchanged, rel=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    assert torch.autograd.gradcheck(ali.LOSSES[name], (tensor(P), tensor(Q)))
    step, (on_p, on_q) = 1e-6, slopes(name, P, Q)
    for index, slope in enumerate(on_p.tolist()):
        up, down = ([*P[:index], P[index] + sign * step, *P[index + 1 :]] for sign in (1, -1))
        rise = (ali.LOSSES[name](tensor(up), tensor(Q)) - ali.LOSSES[name](tensor(down), tensor(Q))).item()
        assert slope == pytest.approx(rise / (2 * step), rel=1e-6)
    assert on_q.abs().min() > 0.01


def test_where_d_is_undecided_derived_and_non_saturating_agree_in_value_and_differ_in_the_encoder_s_direction() -> None:
    even = [0.0] * 5, [0.0] * 3
    values = {name: loss(*map(tensor, even)).item() for name, loss in ali.LOSSES.items()}
    assert values["derived"] == values["non-saturating"] == pytest.approx(2 * math.log(2), rel=1e-15)
    assert values["min-max"] == pytest.approx(-2 * math.log(2), rel=1e-15)
    found = {name: slopes(name, *even) for name in NAMES}
    for name, on_p in (("derived", -0.1), ("non-saturating", 0.1), ("min-max", 0.1)):
        torch.testing.assert_close(found[name][0], torch.full((5,), on_p, dtype=torch.float64))
        torch.testing.assert_close(found[name][1], torch.full((3,), -1 / 6, dtype=torch.float64))


def test_where_d_is_sure_only_the_min_max_loss_stops_teaching() -> None:
    sure = [30.0, 30.0], [-30.0, -30.0]
    assert max(slope.abs().max().item() for slope in slopes("min-max", *sure)) < 1e-12
    assert min(slope.abs().min().item() for slope in slopes("non-saturating", *sure)) == pytest.approx(0.5)
    of_encoder, of_generator = slopes("derived", *sure)
    assert of_encoder.abs().max() < 1e-12
    torch.testing.assert_close(of_generator, torch.full((2,), -0.5, dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e3, 1e30])
@pytest.mark.parametrize("name", NAMES)
def test_extreme_logits_give_their_size_and_finite_slopes(name: str, size: float, dtype: torch.dtype) -> None:
    cost = {"derived": (1, 1), "min-max": (0, 0), "non-saturating": (2, 0)}[name]
    for sign, expected in zip((1, -1), cost, strict=True):
        logits = tensor([sign * size], dtype), tensor([-sign * size], dtype)
        loss = ali.LOSSES[name](*logits)
        loss.backward()
        wrong = -2 if (name, sign) == ("min-max", -1) else expected
        assert loss.item() == pytest.approx(wrong * size, rel=1e-6)
        assert all(logit.grad is not None and bool(logit.grad.isfinite().all()) for logit in logits)
