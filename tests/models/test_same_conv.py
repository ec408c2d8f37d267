from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from vigan.models.same_conv import PHASES_UP_TO, DownConv, SameConv, UpConv, mirrored

WIDTHS = [(1, 3), (3, 4), (17, 5)]


def defined(layer: SameConv, x: Tensor) -> Tensor:
    """What a layer means: TF SAME by a padded copy, or by cutting the full map."""
    weight, bias = layer.conv.weight, layer.conv.bias
    if isinstance(layer, DownConv):
        return F.conv2d(F.pad(x, (1, 2, 1, 2)), weight, bias, stride=2)
    return F.conv_transpose2d(x, weight, bias, stride=2)[:, :, 1:-2, 1:-2]


def gradients(output: Tensor, layer: SameConv, x: Tensor) -> list[Tensor]:
    weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    return list(torch.autograd.grad((output * weights).sum(), [x, *layer.parameters()]))


@pytest.mark.parametrize("phases", [False, True])
@pytest.mark.parametrize("kind", [DownConv, UpConv])
@pytest.mark.parametrize("widths", WIDTHS)
def test_both_ways_to_calculate_are_the_definition_with_their_gradients(
    phases: bool, kind: type[SameConv], widths: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    layer = kind(*widths, bias=True).double()
    layer.phases = phases
    x = torch.randn(2, widths[0], 6, 8, dtype=torch.float64, requires_grad=True)
    expected, found = defined(layer, x), layer(x)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)
    for ours, theirs in zip(gradients(found, layer, x), gradients(expected, layer, x), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", [DownConv, UpConv])
def test_float32_differs_by_rounding_only_between_the_two_ways(kind: type[SameConv]) -> None:
    torch.manual_seed(0)
    layer = kind(3, 5, bias=True)
    x = torch.randn(4, 3, 8, 8)
    outputs = []
    for layer.phases in (False, True):
        outputs.append(layer(x))
    torch.testing.assert_close(outputs[0], outputs[1], rtol=0, atol=2e-6)


@pytest.mark.parametrize("kind", [DownConv, UpConv])
@pytest.mark.parametrize(("inside", "outside"), list(product([False, True], repeat=2)))
def test_mirrored_maps_are_the_same_maps_turned(kind: type[SameConv], inside: bool, outside: bool) -> None:
    torch.manual_seed(0)
    plain = kind(3, 5, bias=True).double()
    turned = kind(3, 5, bias=True, mirrored_in=inside, mirrored_out=outside).double()
    turned.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 4, 6, dtype=torch.float64)
    found = turned(mirrored(x) if inside else x)
    torch.testing.assert_close(mirrored(found) if outside else found, plain(x), rtol=0, atol=1e-14)


def test_phases_are_for_few_channels_on_the_finer_map() -> None:
    assert DownConv(PHASES_UP_TO, 99, bias=False).phases
    assert UpConv(99, PHASES_UP_TO, bias=False).phases
    assert not DownConv(PHASES_UP_TO + 1, 1, bias=False).phases
    assert not UpConv(1, PHASES_UP_TO + 1, bias=False).phases
