"""The variational auto-encoder's loss in its two parts: Su (2018), equations 6 and 7."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor

from vigan.objectives.gaussian import kl_to_standard_normal, log_density


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
    return -log_density(x, decoded, x.new_tensor(2 * math.log(std)))


def negative_elbo(x: Tensor, decoded: Tensor, std: float, mean: Tensor, log_variance: Tensor) -> NegativeElbo:
    """Both parts for x (N, ...), the decoder's means at one z per example, and the encoder's Gaussian (N, latent)."""
    return NegativeElbo(
        reconstruction(x, decoded, std).mean(),
        kl_to_standard_normal(mean, log_variance).mean(),
    )
