"""DRAGAN: the slope of D is held to 1 in a neighbourhood of the data; Kodali et al. (2017), arXiv 1705.07215."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from vigan.config.base import Positive
from vigan.objectives.hooks import DiscriminatorView, Linear, Stabiliser
from vigan.objectives.slopes import slope_norms


class Dragan(Stabiliser):
    """`weight` is the paper's lambda; the neighbourhood is `spread` standard deviations of the batch wide."""

    weight: Positive
    spread: Positive = 0.5

    def discriminator_term(self, view: DiscriminatorView) -> Tensor:
        """Mean over the real batch of (|gradient of D| - 1)^2 at points moved by uniform noise, as its code has it."""
        near = [x + self.spread * x.std() * view.draws.rand(*x.shape) for x in view.real]
        return self.weight * (slope_norms(view.discriminator, near) - 1).square().mean()

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """The slope of a linear D is its weight, wherever one looks."""
        return {"discriminator_term": self.weight * (linear.w.norm() - 1).square()}
