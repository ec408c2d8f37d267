"""The article's regulariser: KL(q || q_o) for Dirac generators, Su (2018), estimated by ||G(z) - G_o(z)||^2.

An arm writes its weight as `lambda_mean` or `lambda_sum`. At G = G_o the term and its gradient are exactly zero.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import mse_loss

from vigan.objectives.terms import GeneratorView

VANISHES_AT_OLD_GENERATOR = True


def generator_term(view: GeneratorView) -> Tensor:
    """Mean over batch and coordinates of (G(z) - G_o(z))^2; lambda_sum = lambda_mean / coordinates."""
    return mse_loss(view.fake, view.old_fake)
