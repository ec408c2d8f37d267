"""R1: gradient penalty on real data, Mescheder, Geiger, Nowozin (2018), equation 9 (weight = gamma)."""

from __future__ import annotations

import torch
from torch import Tensor

from vigan.objectives.terms import DiscriminatorView


def discriminator_term(view: DiscriminatorView) -> Tensor:
    """Half the mean over the real batch of the squared norm of dD(x)/dx (D as logits)."""
    real = view.real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(view.discriminator(real).sum(), real, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean() / 2
