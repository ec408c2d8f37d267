"""The DCGAN of the released code (github.com/bojone/gan, folder vgan), side 64, for 32, 128 and 256 too, and relatives.

Its conventions are TensorFlow 1's: SAME padding, height x width x channels order where maps meet a linear layer,
and no bias wherever the code has none, also where BN is removed.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vigan.config.arms import Dcgan
from vigan.models import mlp
from vigan.models.batch_norm import BatchNorm
from vigan.models.same_conv import DownConv, UpConv

START = 4
STD = 0.02
CODE_WIDTH = 8
"""Units per `dim` of the layers that judge codes: as many as the widest map at side 64 has channels."""


def _norm(channels: int, batch_norm: bool) -> nn.Module:
    return BatchNorm(channels) if batch_norm else nn.Identity()


def _widths(dim: int, side: int) -> list[int]:
    """Channels from the 4x4 map outwards: 8, 4, 2, 1 times dim at side 64; the outermost has dim at every side."""
    return [dim << stage for stage in reversed(range(int(math.log2(side // START))))]


class _Network(nn.Module):
    def initial_value(self, name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Released initial value of a parameter: N(0, 0.02) for weights, gamma 1, biases 0."""
        if len(shape) == 1:
            return np.ones(shape) if "norm" in name and name.endswith("weight") else np.zeros(shape)
        return STD * self._normal(shape, rng)

    def _normal(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal(shape)


class Generator(_Network):
    """G: latents (N, latent) to images (N, channels, side, side) in (-1, 1)."""

    def __init__(self, dim: int, latent: int, side: int, channels: int, batch_norm: bool) -> None:
        super().__init__()
        widths = _widths(dim, side)
        self.linear = nn.Linear(latent, START * START * widths[0], bias=False)
        self.linear_norm = _norm(START * START * widths[0], batch_norm)
        self.ups = nn.ModuleList(
            UpConv(a, b, bias=False, mirrored_in=a != widths[0], mirrored_out=True) for a, b in pairwise(widths)
        )
        self.up_norms = nn.ModuleList(_norm(width, batch_norm) for width in widths[1:])
        self.to_image = UpConv(widths[-1], channels, bias=True, mirrored_in=True)

    def forward(self, z: Tensor) -> Tensor:
        """Images (N, channels, side, side) in (-1, 1) for latents (N, latent)."""
        h = self.linear_norm(self.linear(z)).relu()
        h = h.view(len(z), START, START, -1).permute(0, 3, 1, 2)
        for up, norm in zip(self.ups, self.up_norms, strict=True):
            h = norm(up(h)).relu()
        return self.to_image(h).tanh()


class Encoder(_Network):
    """D's convolutions, to any number of outputs: images (N, channels, side, side) to (N, outputs)."""

    def __init__(self, dim: int, side: int, channels: int, batch_norm: bool, outputs: int) -> None:
        super().__init__()
        widths = _widths(dim, side)[::-1]
        self.from_image = DownConv(channels, widths[0], bias=True, mirrored_out=True)
        self.downs = nn.ModuleList(
            DownConv(a, b, bias=False, mirrored_in=True, mirrored_out=b != widths[-1]) for a, b in pairwise(widths)
        )
        self.down_norms = nn.ModuleList(_norm(width, batch_norm) for width in widths[1:])
        self.linear = nn.Linear(START * START * widths[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (N, outputs) for images (N, channels, side, side)."""
        h = F.leaky_relu(self.from_image(x), 0.2)
        for down, norm in zip(self.downs, self.down_norms, strict=True):
            h = F.leaky_relu(norm(down(h)), 0.2)
        return self.linear(h.permute(0, 2, 3, 1).flatten(1))

    def _normal(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Normal draws; for convolutions (4-D), those beyond two deviations are drawn again, as in TensorFlow."""
        draw = rng.standard_normal(shape)
        while len(shape) == 4 and (outside := np.abs(draw) > 2).any():
            draw[outside] = rng.standard_normal(int(outside.sum()))
        return draw


class Discriminator(Encoder):
    """D: images (N, channels, side, side) to logits (N,) that they are real."""

    def __init__(self, dim: int, side: int, channels: int, batch_norm: bool) -> None:
        super().__init__(dim, side, channels, batch_norm, outputs=1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N,) for images (N, channels, side, side)."""
        return super().forward(x).squeeze(1)


class JointDiscriminator(Encoder):
    """D of pairs: images (N, channels, side, side) and codes (N, latent) to logits (N,) that the pair is (x, E(x)).

    The image's features and a linear map of the code, as many of each, meet in a hidden layer of as many units.
    """

    def __init__(self, dim: int, latent: int, side: int, channels: int, batch_norm: bool) -> None:
        features = CODE_WIDTH * dim
        super().__init__(dim, side, channels, batch_norm, outputs=features)
        self.from_code = nn.Linear(latent, features)
        self.hidden = nn.Linear(2 * features, features)
        self.last = nn.Linear(features, 1)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:  # type: ignore[override]
        """Logits (N,) for images and their codes."""
        met = F.leaky_relu(torch.cat([super().forward(x), self.from_code(z)], 1), 0.2)
        return self.last(F.leaky_relu(self.hidden(met), 0.2)).squeeze(1)


class NetworkFactory:
    """The networks of one `Dcgan` row for images of `shape`, whatever their roles."""

    def __init__(self, network: Dcgan, shape: tuple[int, ...]) -> None:
        self.network = network
        self.channels, self.side = shape[:2]

    def generator(self) -> Generator:
        """Latents to images."""
        own = self.network
        return Generator(own.dim, own.latent, self.side, self.channels, own.batch_norm)

    def encoder(self, outputs: int) -> Encoder:
        """Images to `outputs` numbers each."""
        return Encoder(self.network.dim, self.side, self.channels, self.network.batch_norm, outputs)

    def discriminator(self) -> Discriminator:
        """Images to logits."""
        return Discriminator(self.network.dim, self.side, self.channels, self.network.batch_norm)

    def code_discriminator(self) -> mlp.Discriminator:
        """Codes to logits: a perceptron."""
        return mlp.Discriminator(self.network.latent, CODE_WIDTH * self.network.dim)

    def joint_discriminator(self) -> JointDiscriminator:
        """Images and codes to logits."""
        own = self.network
        return JointDiscriminator(own.dim, own.latent, self.side, self.channels, own.batch_norm)
