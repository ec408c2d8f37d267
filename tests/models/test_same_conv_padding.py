from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from vigan.models.dcgan import DownConv, UpConv

KERNEL, STRIDE = 5, 2


def padding_before(size: int) -> int:
    """Zeros that TensorFlow's SAME rule puts before a row of `size`, from its documentation."""
    outputs = math.ceil(size / STRIDE)
    return max((outputs - 1) * STRIDE + KERNEL - size, 0) // 2


def convolution(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """SAME convolution (C, H, W) -> (O, H/2, W/2) by its definition, one product after the other."""
    (inputs, height, width), outputs = image.shape, kernel.shape[0]
    result = np.zeros((outputs, height // 2, width // 2))
    for o, c, i, j, a, b in itertools.product(
        range(outputs), range(inputs), *map(range, result.shape[1:]), range(KERNEL), range(KERNEL)
    ):
        y, x = STRIDE * i + a - padding_before(height), STRIDE * j + b - padding_before(width)
        if 0 <= y < height and 0 <= x < width:
            result[o, i, j] += image[c, y, x] * kernel[o, c, a, b]
    return result


def transposed(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Transposed SAME convolution (C, H, W) -> (O, 2H, 2W): each pixel paints the kernel where it would have looked."""
    (inputs, height, width), outputs = image.shape, kernel.shape[1]
    result = np.zeros((outputs, 2 * height, 2 * width))
    for o, c, i, j, a, b in itertools.product(
        range(outputs), range(inputs), range(height), range(width), range(KERNEL), range(KERNEL)
    ):
        y, x = STRIDE * i + a - padding_before(2 * height), STRIDE * j + b - padding_before(2 * width)
        if 0 <= y < 2 * height and 0 <= x < 2 * width:
            result[o, y, x] += image[c, i, j] * kernel[c, o, a, b]
    return result


@pytest.fixture
def draws() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("size", [2, 4, 6, 64])
def test_one_zero_stands_before_an_even_side(size: int) -> None:
    assert padding_before(size) == 1


@pytest.mark.parametrize("shape", [(1, 4, 4), (2, 4, 6), (3, 8, 2)])
def test_a_convolution_is_tensorflow_s_same(shape: tuple[int, int, int], draws: np.random.Generator) -> None:
    layer = DownConv(shape[0], 2, bias=True).double()
    image = draws.standard_normal(shape)
    found = layer(torch.from_numpy(image)[None])[0].detach().numpy()
    kernel, bias = layer.conv.weight.detach().numpy(), layer.conv.bias
    assert bias is not None
    expected = convolution(image, kernel) + bias.detach().numpy()[:, None, None]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("shape", [(1, 2, 2), (2, 3, 2), (3, 4, 4)])
def test_a_transposed_convolution_is_tensorflow_s_same(shape: tuple[int, int, int], draws: np.random.Generator) -> None:
    layer = UpConv(shape[0], 2, bias=True).double()
    image = draws.standard_normal(shape)
    found = layer(torch.from_numpy(image)[None])[0].detach().numpy()
    kernel, bias = layer.conv.weight.detach().numpy(), layer.conv.bias
    assert bias is not None
    expected = transposed(image, kernel) + bias.detach().numpy()[:, None, None]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_the_two_are_each_other_s_transpose(draws: np.random.Generator) -> None:
    down, up = DownConv(3, 2, bias=False).double(), UpConv(2, 3, bias=False).double()
    up.conv.weight.data.copy_(down.conv.weight.data)
    large = torch.from_numpy(draws.standard_normal((1, 3, 8, 8)))
    small = torch.from_numpy(draws.standard_normal((1, 2, 4, 4)))
    assert (down(large) * small).sum().item() == pytest.approx((large * up(small)).sum().item(), rel=1e-12)
