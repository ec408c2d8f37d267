"""Spectral normalisation of D: each weight over its largest singular value; Miyato et al. (2018), arXiv 1802.05957."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from vigan import rng
from vigan.objectives.hooks import Linear, Stabiliser


class SpectralNorm(Stabiliser):
    """Every layer of D gets a spectral norm of 1, as in the paper."""

    def prepare(self, networks: nn.ModuleDict, seed: int) -> None:
        """Normalise every weight of D with two axes or more; `seed` decides where the power iterations start."""
        for name, layer in list(networks["discriminator"].named_modules()):
            own = getattr(layer, "weight", None)
            if isinstance(own, nn.Parameter) and own.ndim >= 2:
                start = rng.generator(seed, "init", f"spectral.{name}").standard_normal(own.shape[0])
                normalised = Normalised(own, torch.from_numpy(start).to(own))
                parametrize.register_parametrization(layer, "weight", normalised)

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """D's logits, its weight divided by its norm."""
        return {"prepare": linear.real @ (linear.w / linear.w.norm()) + linear.b}


class Normalised(nn.Module):
    """A weight (out, ...) over its spectral norm, estimated by one power iteration a forward in training mode."""

    direction: Tensor

    def __init__(self, weight: Tensor, start: Tensor) -> None:
        super().__init__()
        self.register_buffer("direction", start / start.norm())
        self._iterate(weight.detach().flatten(1), times=15)

    def forward(self, weight: Tensor) -> Tensor:
        """The normalised weight, of the same shape."""
        matrix = weight.flatten(1)
        if self.training:
            self._iterate(matrix.detach(), times=1)
        direction = self.direction.clone()
        return weight * (1.0 / (direction @ matrix).norm())

    @torch.no_grad()
    def _iterate(self, matrix: Tensor, times: int) -> None:
        for _ in range(times):
            moved = matrix @ (matrix.T @ self.direction)
            self.direction.copy_(moved / moved.norm().clamp_min(1e-12))
