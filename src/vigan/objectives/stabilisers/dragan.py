"""DRAGAN: the norm of D's gradient is penalised towards 1 near the data; Kodali et al. (2017), arXiv 1705.07215."""

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
        """Mean over the real batch of (|gradient of D| - 1)^2 at x + spread x std(batch) x U[0, 1) per coordinate.

        The authors' notebook also scales the noise by a U(0, 1) number per example.
        """
        near = [x + self.spread * x.std() * view.draws.rand(*x.shape) for x in view.real]
        return self.weight * (slope_norms(view.discriminator, near) - 1).square().mean()

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """The gradient of a linear D is w everywhere."""
        return {"discriminator_term": self.weight * (linear.w.norm() - 1).square()}
