"""TensorFlow's SAME padding for 5x5 kernels of stride 2, without padded copies or cropping.

TF SAME adds one row of zeros before an even side and two after; torch pads both ends alike. So these layers compute on
maps rotated by 180 degrees, with kernels rotated likewise: there it is two rows before and one after, which torch's
padding of two gives, as its second row after is never read.

Where the finer map has few channels, a strided convolution uses only part of a CPU's vector units (its gradient even
less). There the four phases of the finer map (even and odd rows and columns) become channels, and a 3x3 convolution of
stride 1 computes the same sums: 6x6 taps, of which the last row and column are zero, in phases.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

KERNEL = 5
PHASES_UP_TO = 16
"""Channels of the finer map up to which phases are faster (measured, see docs/performance.md)."""


def mirrored(maps: Tensor) -> Tensor:
    """Maps or kernels (..., H, W) rotated by 180 degrees."""
    return maps.flip(2, 3)


def in_phases(kernel: Tensor) -> Tensor:
    """3x3 kernel (A, 4 B, 3, 3) on phases, equivalent to a mirrored 5x5 kernel (A, B, 5, 5) with stride 2."""
    return F.pixel_unshuffle(F.pad(kernel, (0, 1, 0, 1)), 2)


class SameConv(nn.Module):
    """Base of the two layers below; `mirrored_in`, `mirrored_out`: whether input and output maps are mirrored."""

    conv: nn.Conv2d | nn.ConvTranspose2d

    def __init__(
        self, conv: nn.Conv2d | nn.ConvTranspose2d, finer: int, *, mirrored_in: bool, mirrored_out: bool
    ) -> None:
        super().__init__()
        self.conv, self.phases = conv, finer <= PHASES_UP_TO
        self.mirrored_in, self.mirrored_out = mirrored_in, mirrored_out

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, outputs, ...) of twice or half the side of `x` (N, inputs, H, W)."""
        convolve = self._by_phases if self.phases else self._strided
        y = convolve(x if self.mirrored_in else mirrored(x), mirrored(self.conv.weight))
        return y if self.mirrored_out else mirrored(y)

    def _by_phases(self, x: Tensor, kernel: Tensor) -> Tensor:
        raise NotImplementedError

    def _strided(self, x: Tensor, kernel: Tensor) -> Tensor:
        raise NotImplementedError


class UpConv(SameConv):
    """5x5 stride-2 transposed convolution, TF SAME: the full output without its first row/column and last two."""

    def __init__(
        self, inputs: int, outputs: int, bias: bool, *, mirrored_in: bool = False, mirrored_out: bool = False
    ) -> None:
        conv = nn.ConvTranspose2d(inputs, outputs, KERNEL, stride=2, bias=bias)
        super().__init__(conv, outputs, mirrored_in=mirrored_in, mirrored_out=mirrored_out)

    def _by_phases(self, x: Tensor, kernel: Tensor) -> Tensor:
        bias = None if self.conv.bias is None else self.conv.bias.repeat_interleave(4)
        return F.pixel_shuffle(F.conv_transpose2d(x, in_phases(kernel), bias, padding=1), 2)

    def _strided(self, x: Tensor, kernel: Tensor) -> Tensor:
        return F.conv_transpose2d(x, kernel, self.conv.bias, stride=2, padding=2, output_padding=1)


class DownConv(SameConv):
    """5x5 stride-2 convolution, TF SAME on even sides: one row/column of zeros before, two after."""

    def __init__(
        self, inputs: int, outputs: int, bias: bool, *, mirrored_in: bool = False, mirrored_out: bool = False
    ) -> None:
        conv = nn.Conv2d(inputs, outputs, KERNEL, stride=2, bias=bias)
        super().__init__(conv, inputs, mirrored_in=mirrored_in, mirrored_out=mirrored_out)

    def _by_phases(self, x: Tensor, kernel: Tensor) -> Tensor:
        return F.conv2d(F.pixel_unshuffle(x, 2), in_phases(kernel), self.conv.bias, padding=1)

    def _strided(self, x: Tensor, kernel: Tensor) -> Tensor:
        return F.conv2d(x, kernel, self.conv.bias, stride=2, padding=2)
