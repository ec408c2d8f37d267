"""Two-hidden-layer perceptrons for the ring and the grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from vigan.config.arms import Mlp
from vigan.models.three_layers import fast


class Perceptron(nn.Module):
    """ReLU network inputs - width - width - outputs."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        sizes = [inputs, width, width, outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))

    def forward(self, x: Tensor) -> Tensor:
        """Output (N, outputs) for (N, inputs)."""
        first, second, third = cast("Sequence[nn.Linear]", self.layers)
        return fast(x, first.weight, first.bias, second.weight, second.bias, third.weight, third.bias)

    def initial_value(self, name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Uniform on +-1/sqrt(fan in), for weights and biases: the default of torch's linear layers."""
        layer = self.get_submodule(name.rpartition(".")[0])
        assert isinstance(layer, nn.Linear)
        bound = 1 / math.sqrt(layer.in_features)
        return rng.uniform(-bound, bound, shape)


class Discriminator(Perceptron):
    """D: points (N, inputs) to logits (N,)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__(inputs, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N,) for points (N, inputs)."""
        return super().forward(x).squeeze(1)


class JointDiscriminator(Discriminator):
    """D of pairs: points (N, inputs) and codes (N, latent) to logits (N,) that the pair is (x, E(x))."""

    def forward(self, x: Tensor, z: Tensor) -> Tensor:  # type: ignore[override]
        """Logits (N,) for points and their codes."""
        return super().forward(torch.cat([x, z], 1))


class NetworkFactory:
    """Builds the networks of an `Mlp` arm for points of `shape`, one method per kind of network."""

    def __init__(self, network: Mlp, shape: tuple[int, ...]) -> None:
        self.width, self.latent, self.inputs = network.width, network.latent, shape[0]

    def generator(self) -> Perceptron:
        """Latents to points."""
        return Perceptron(self.latent, self.width, self.inputs)

    def encoder(self, outputs: int) -> Perceptron:
        """Points to `outputs` numbers each."""
        return Perceptron(self.inputs, self.width, outputs)

    def discriminator(self) -> Discriminator:
        """Points to logits."""
        return Discriminator(self.inputs, self.width)

    def code_discriminator(self) -> Discriminator:
        """Codes to logits."""
        return Discriminator(self.latent, self.width)

    def joint_discriminator(self) -> JointDiscriminator:
        """Points and codes to logits."""
        return JointDiscriminator(self.inputs + self.latent, self.width)
