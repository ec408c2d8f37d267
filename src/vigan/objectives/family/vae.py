"""The variational auto-encoder: encoder and decoder pay the negative lower bound together."""

from __future__ import annotations

from torch import Tensor

from vigan.objectives.base import Loss, Objective, Tensors
from vigan.objectives.gaussian import sample
from vigan.objectives.vae import negative_elbo


class Vae(Objective):
    """E makes a Gaussian p(z|x) of each x, G decodes a draw from it; latents are that draw's noise."""

    moved = ("encoder", "generator")
    parts = ("reconstruction", "kl")

    def make(self, x: Tensor | None, z: Tensor) -> Tensors:
        """Mean and log variance (N, latent) of p(z|x), and the decoder's means at one draw each."""
        mean, log_variance = self.networks["encoder"](x).chunk(2, 1)
        return mean, log_variance, self.networks["generator"](sample(mean, log_variance, z))

    def held(self, made: Tensors) -> Tensor:
        """What was decoded."""
        return made[2]

    def loss(self, made: Tensors, x: Tensor | None, z: Tensor) -> Loss:  # noqa: ARG002
        """Negative evidence lower bound."""
        assert x is not None
        mean, log_variance, decoded = made
        found = negative_elbo(x, decoded, self.settings.std, mean, log_variance)
        return Loss(found.total, parts=found._asdict())
