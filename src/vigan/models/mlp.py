"""Two-hidden-layer perceptrons for the ring and the grid."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor, nn

from vigan.models.three_layers import fast


class Perceptron(nn.Module):
    """ReLU network inputs - width - width - outputs."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        sizes = [inputs, width, width, outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))

    def forward(self, x: Tensor) -> Tensor:
        """Output (N, outputs) for (N, inputs)."""
        return fast(x, *(getattr(layer, name) for layer in self.layers for name in ("weight", "bias")))

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
