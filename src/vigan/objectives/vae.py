"""The variational auto-encoder: its loss in two parts, Su (2018), equations 6 and 7; encoder and decoder pay both."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor

from vigan.objectives.base import Loss, Objective, Tensors
from vigan.objectives.gaussian import kl_to_standard_normal, log_density, sample


class NegativeElbo(NamedTuple):
    """Batch means of -log q(x|z) and of KL(p(z|x) || q(z)), scalars in nats per example."""

    reconstruction: Tensor
    kl: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum, the loss: an upper bound of -log q(x), in the mean over z."""
        return self.reconstruction + self.kl


def reconstruction(x: Tensor, decoded: Tensor, std: float) -> Tensor:
    """-log q(x|z) per example, (N,), in nats with its constant, for q(x|z) = N(decoded, std^2 I).

    Equal to ||x - decoded||^2 / (2 std^2) + d log(std sqrt(2 pi)) for d coordinates. Raises ValueError for std <= 0.
    """
    return -log_density(x, decoded, x.new_full((), 2 * math.log(std)))  # filled there: a CUDA graph holds no copy


def negative_elbo(x: Tensor, decoded: Tensor, std: float, mean: Tensor, log_variance: Tensor) -> NegativeElbo:
    """Both parts for x (N, ...), the decoder's means at one z per example, and the encoder's Gaussian (N, latent)."""
    return NegativeElbo(
        reconstruction(x, decoded, std).mean(),
        kl_to_standard_normal(mean, log_variance).mean(),
    )


class Vae(Objective):
    """E makes a Gaussian p(z|x) of each x, G decodes a draw from it; latents are that draw's noise."""

    def outputs(self, x: Tensor | None, z: Tensor) -> Tensors:
        """Mean and log variance (N, latent) of p(z|x), and the decoder's means at one draw each."""
        mean, log_variance = self.networks["encoder"](x).chunk(2, 1)
        return mean, log_variance, self.networks["generator"](sample(mean, log_variance, z))

    def regularised(self, outputs: Tensors) -> Tensor:
        """What was decoded."""
        return outputs[2]

    def loss(self, outputs: Tensors, x: Tensor | None, z: Tensor) -> Loss:
        """Negative evidence lower bound."""
        assert x is not None
        mean, log_variance, decoded = outputs
        found = negative_elbo(x, decoded, self.settings.std, mean, log_variance)
        return Loss(found.total, parts=found._asdict())
