"""R1: gradient penalty on real data, Mescheder, Geiger, Nowozin (2018), equation 9 (weight = gamma)."""

from __future__ import annotations

import torch
from torch import Tensor

from vigan.objectives.terms import DiscriminatorView


def discriminator_term(view: DiscriminatorView) -> Tensor:
    """Half the mean over the real batch of the squared norm of D's gradient in its input (D as logits)."""
    real = [part.detach().requires_grad_() for part in view.real]
    gradients = torch.autograd.grad(view.discriminator(*real).sum(), real, create_graph=True)
    norms = [gradient.square().flatten(1).sum(1) for gradient in gradients]
    return torch.stack(norms).sum(0).mean() / 2
