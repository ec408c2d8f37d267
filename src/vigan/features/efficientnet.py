"""EfficientNet-Lite0 (Tan and Le 2019, without squeeze-and-excitation and with ReLU6), in TensorFlow's padding.

timm has the same network, to the bit; but an import of it takes longer than all else that measuring a small run starts
with.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.fusion import fuse_conv_bn_eval

STEM, HEAD, CLASSES = 32, 1280, 1000
STAGES = (
    (1, 16, 3, 1, 1), (2, 24, 3, 2, 6), (2, 40, 5, 2, 6), (3, 80, 3, 2, 6), (3, 112, 5, 1, 6), (4, 192, 5, 2, 6),
    (1, 320, 3, 1, 6),
)  # fmt: skip
"""Blocks, channels, side of the kernel, stride of the first block, expansion."""


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: where one end gets a row more, it is the last."""

    def forward(self, input: Tensor) -> Tensor:
        """A map of a side divided by the stride, rounded up."""
        lacking = [_lacking(side, self.kernel_size[0], self.stride[0]) for side in reversed(input.shape[2:])]
        return super().forward(pad(input, [part for all_ in lacking for part in (all_ // 2, all_ - all_ // 2)]))


def _lacking(side: int, kernel: int, stride: int) -> int:
    return max((-(-side // stride) - 1) * stride + kernel - side, 0)


class Unit(nn.Module):
    """Convolution, norm and, with `active`, ReLU6; each channel on its own if `depthwise`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        depthwise: bool = False,
        active: bool = True,
    ) -> None:
        super().__init__()
        groups = inputs if depthwise else 1
        if stride == 1:  # both ends alike, which the convolution does itself
            self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
        else:
            self.conv = SameConv(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs, eps=1e-3)
        self.active = nn.ReLU6(inplace=True) if active else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, outputs, side / stride, side / stride) of maps (n, inputs, side, side)."""
        return self.active(self.norm(self.conv(maps)))

    def fold(self) -> None:
        """Move the norm into the convolution: the same function, twice as fast on a CPU."""
        assert isinstance(self.norm, nn.BatchNorm2d)
        self.conv, self.norm = fuse_conv_bn_eval(self.conv, self.norm), nn.Identity()


class Block(nn.Sequential):
    """An inverted residual; added to its input where both are alike."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        wide = expansion * inputs
        widen = [Unit(inputs, wide)] if expansion > 1 else []
        super().__init__(*widen, Unit(wide, wide, kernel, stride, depthwise=True), Unit(wide, outputs, active=False))
        self.added = stride == 1 and inputs == outputs

    def forward(self, input: Tensor) -> Tensor:
        """Maps (n, outputs, side / stride, side / stride) of maps (n, inputs, side, side)."""
        maps = super().forward(input)
        return maps + input if self.added else maps


def _blocks() -> Iterator[Block]:
    inputs = STEM
    for count, outputs, kernel, stride, expansion in STAGES:
        for index in range(count):
            yield Block(inputs, outputs, kernel, stride if index == 0 else 1, expansion)
            inputs = outputs


class EfficientNetLite0(nn.Module):
    """Maps n x 3 x side x side to logits; parameters and moving averages are in the order of the published weights."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(Unit(3, STEM, 3, 2), *_blocks(), Unit(STAGES[-1][1], HEAD))
        self.classifier = nn.Linear(HEAD, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (n, 1000)."""
        return self.classifier(self.pooled(images))

    def pooled(self, images: Tensor) -> Tensor:
        """What the classifier gets: means (n, 1280) of the last maps."""
        return self.layers(images).mean((2, 3))

    def folded(self) -> EfficientNetLite0:
        """This network, in evaluation mode, each norm moved into the convolution before it."""
        for module in self.modules():
            if isinstance(module, Unit):
                module.fold()
        return self
