"""Spectral normalisation of D: each weight is divided by its largest singular value; Miyato et al. (2018), 1802.05957.

The weight of this stabiliser is the norm that each layer gets: 1 as in the paper.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from vigan import rng


def prepare(networks: nn.ModuleDict, seed: int, weight: float) -> None:
    """Normalise every weight of D with two axes or more; power iterations begin where `seed` says."""
    for name, layer in list(networks["discriminator"].named_modules()):
        own = getattr(layer, "weight", None)
        if isinstance(own, nn.Parameter) and own.ndim >= 2:
            start = rng.generator(seed, "init", f"spectral.{name}").standard_normal(own.shape[0])
            normalised = Normalised(own, torch.from_numpy(start).to(own), weight)
            parametrize.register_parametrization(layer, "weight", normalised)


class Normalised(nn.Module):
    """A weight (out, ...) over its spectral norm, estimated by one power iteration a forward in training mode."""

    direction: Tensor

    def __init__(self, weight: Tensor, start: Tensor, norm: float) -> None:
        super().__init__()
        self.norm = norm
        self.register_buffer("direction", start / start.norm())
        self._iterate(weight.detach().flatten(1), times=15)

    def forward(self, weight: Tensor) -> Tensor:
        """The normalised weight, of the same shape."""
        matrix = weight.flatten(1)
        if self.training:
            self._iterate(matrix.detach(), times=1)
        direction = self.direction.clone()
        return weight * (self.norm / (direction @ matrix).norm())

    @torch.no_grad()
    def _iterate(self, matrix: Tensor, times: int) -> None:
        for _ in range(times):
            moved = matrix @ (matrix.T @ self.direction)
            self.direction.copy_(moved / moved.norm().clamp_min(1e-12))
