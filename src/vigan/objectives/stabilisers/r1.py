"""R1: gradient penalty on real data, Mescheder, Geiger, Nowozin (2018), equation 9."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vigan.config.base import Positive
from vigan.objectives.hooks import DiscriminatorView, Linear, Stabiliser


class R1(Stabiliser):
    """`gamma` is the paper's."""

    gamma: Positive

    def discriminator_term(self, view: DiscriminatorView) -> Tensor:
        """Mean over the real batch of gamma / 2 x the squared norm of D's gradient in its input (D as logits)."""
        real = [part.detach().requires_grad_() for part in view.real]
        gradients = torch.autograd.grad(view.discriminator(*real).sum(), real, create_graph=True)
        norms = [gradient.square().flatten(1).sum(1) for gradient in gradients]
        return self.gamma * (torch.stack(norms).sum(0).mean() / 2)

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """The gradient is w wherever the data are: gamma / 2 x |w|^2."""
        return {"discriminator_term": self.gamma / 2 * linear.w.square().sum()}
