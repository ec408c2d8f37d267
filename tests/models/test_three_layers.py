from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from vigan.models import three_layers
from vigan.models.three_layers import ThreeLayers, fast, plain

Parameters = list[Tensor]


@pytest.fixture
def parameters() -> Parameters:
    torch.manual_seed(0)
    shapes = [(9, 2), (9,), (11, 9), (11,), (3, 11), (3,)]
    return [torch.randn(shape, requires_grad=True) for shape in shapes]


@pytest.fixture
def x() -> Tensor:
    return torch.randn(7, 2, generator=torch.Generator().manual_seed(1), requires_grad=True)


def slopes(output: Tensor, inputs: list[Tensor], **options: bool) -> list[Tensor]:
    weights = torch.linspace(-1, 1, output.numel()).view_as(output)
    return list(torch.autograd.grad((output * weights).sum(), inputs, **options))


@pytest.fixture(autouse=True)
def with_onednn() -> None:
    if not three_layers._ONEDNN:
        pytest.skip("this torch has no oneDNN: there is only the plain path")


def test_output_and_gradients_are_the_plain_ones_to_rounding(x: Tensor, parameters: Parameters) -> None:
    found, expected = fast(x, *parameters), plain(x, *parameters)
    assert type(found.grad_fn).__name__ == "ThreeLayersBackward"
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    inputs = [x, *parameters]
    for ours, theirs in zip(slopes(found, inputs), slopes(expected, inputs), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("at", range(7))
def test_what_is_no_number_stays_none(at: int, x: Tensor, parameters: Parameters) -> None:
    """oneDNN's own ReLU makes 0 of it: networks without a number in them had finite losses."""
    with torch.no_grad():
        [x, *parameters][at].fill_(math.nan)
    found, expected = fast(x, *parameters), plain(x, *parameters)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5, equal_nan=True)
    for ours, theirs in zip(slopes(found, [x, *parameters]), slopes(expected, [x, *parameters]), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5, equal_nan=True)


def test_through_a_constant_network_only_the_input_gets_a_gradient(x: Tensor, parameters: Parameters) -> None:
    for parameter in parameters:
        parameter.requires_grad_(False)
    (found,), (expected,) = (slopes(network(x, *parameters), [x]) for network in (fast, plain))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    fast(x, *parameters).sum().backward()
    assert x.grad is not None
    assert all(parameter.grad is None for parameter in parameters)


def test_a_gradient_can_be_differentiated_again(x: Tensor, parameters: Parameters) -> None:
    second = []
    for network in (fast, plain):
        (slope,) = slopes(network(x, *parameters), [x], create_graph=True)
        second.append(torch.autograd.grad(slope.square().sum(), parameters, materialize_grads=True))
    for ours, theirs in zip(*second, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    assert second[0][0].abs().max() > 0


def test_other_numbers_than_float32_take_the_plain_path(
    x: Tensor, parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ThreeLayers, "apply", None)
    double = [tensor.double() for tensor in (x, *parameters)]
    assert torch.equal(fast(*double), plain(*double))
    with torch.autocast("cpu", torch.bfloat16):
        assert fast(x, *parameters).dtype == torch.bfloat16
