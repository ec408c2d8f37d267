"""WGAN-GP: the norm of D's gradient is penalised towards 1 between data and fakes.

Gulrajani et al. (2017), arXiv 1704.00028, equation 3.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vigan.config.base import Positive
from vigan.objectives.hooks import DiscriminatorView, Linear, Stabiliser
from vigan.objectives.slopes import slope_norms


class GradientPenalty(Stabiliser):
    """`weight` is the paper's lambda, 10 there."""

    weight: Positive

    def discriminator_term(self, view: DiscriminatorView) -> Tensor:
        """Mean over pairs of real and fake of (|gradient of D| - 1)^2 at a random place between them."""
        share = view.draws.rand(len(view.real[0]))
        between = [
            torch.lerp(fake, real, share.view(-1, *[1] * (real.ndim - 1)))
            for real, fake in zip(view.real, view.fake, strict=True)
        ]
        return self.weight * (slope_norms(view.discriminator, between) - 1).square().mean()

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """The gradient of a linear D is w everywhere."""
        return {"discriminator_term": self.weight * (linear.w.norm() - 1).square()}
