"""LeCam regularisation of D for few data: Tseng et al. (2021), arXiv 2104.03310, equation 4."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vigan.config.base import Positive, Share
from vigan.objectives.hooks import DiscriminatorView, Linear, Stabiliser


class Lecam(Stabiliser):
    """`weight` is the paper's lambda; `decay` is that of the moving means of D's logits, 0.99 there.

    The means begin at 0, are moved by each update of D before its term is made, and are part of a checkpoint.
    """

    weight: Positive
    decay: Share = 0.99

    def prepare(self, networks: nn.ModuleDict, seed: int) -> None:
        """Add the two moving means, as the buffers of a network "lecam"."""
        networks["lecam"] = Means(next(networks["discriminator"].parameters()))

    def discriminator_term(self, view: DiscriminatorView) -> Tensor:
        """Mean of (D(x) - mean logit of fakes)^2 + mean of (D(G(z)) - mean logit of real ones)^2."""
        (real, fake), means = view.logits, view.networks["lecam"]
        assert isinstance(means, Means)
        means.move(real, fake, 1 - self.decay)
        return self.weight * ((real - means.fake).square().mean() + (fake - means.real).square().mean())

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """After one update the means are 1 - `decay` times those of the batch; they are constants of the term."""
        real, fake = linear.real @ linear.w + linear.b, linear.z @ linear.old.T @ linear.w + linear.b
        of_real, of_fake = ((1 - self.decay) * logits.detach().mean() for logits in (real, fake))
        return {
            "discriminator_term": self.weight * ((real - of_fake).square().mean() + (fake - of_real).square().mean())
        }


class Means(nn.Module):
    """Moving means of D's logits on real and on fake batches, two scalars."""

    real: Tensor
    fake: Tensor

    def __init__(self, like: Tensor) -> None:
        super().__init__()
        for name in ("real", "fake"):
            self.register_buffer(name, like.new_zeros(()))

    @torch.no_grad()
    def move(self, real: Tensor, fake: Tensor, share: float) -> None:
        """Move each towards the mean of a batch's logits (N,)."""
        self.real.lerp_(real.mean(), share)
        self.fake.lerp_(fake.mean(), share)
