"""The article's regulariser: KL(q || q_o) for Dirac generators, Su (2018), estimated by ||G(z) - G_o(z)||^2.

Its weight is an arm's `lambda_mean` or `lambda_sum`. At G = G_o the term and its gradient are exactly zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import mse_loss

from vigan.config.base import Positive
from vigan.objectives.hooks import GeneratorView, Linear, Stabiliser


class Proximal(Stabiliser):
    """`lambda_mean` multiplies the mean over coordinates; lambda_mean = lambda_sum x coordinates."""

    lambda_mean: Positive
    zero_at_old_generator: ClassVar[bool] = True

    def generator_term(self, view: GeneratorView) -> Tensor:
        """Mean over batch and coordinates of (G(z) - G_o(z))^2, times lambda_mean."""
        return self.lambda_mean * mse_loss(view.fake, view.old_fake)

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """The step of A seen through the latents' second moment: lambda_mean / d x tr(dA E[z z^T] dA^T)."""
        step, moment = linear.new - linear.old, linear.z.T @ linear.z / len(linear.z)
        return {"generator_term": self.lambda_mean * (step @ moment @ step.T).trace() / len(linear.w)}
