"""Consensus optimisation: both sides pay for the joint gradient; Mescheder et al. (2017), arXiv 1705.10461."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from vigan.config.base import Positive
from vigan.objectives.hooks import DiscriminatorView, GeneratorView, Linear, Stabiliser, View


class Consensus(Stabiliser):
    """`weight` is the paper's gamma: either side's loss gets weight / 2 x |v|^2, v the gradients of both losses."""

    weight: Positive
    coupled: ClassVar[bool] = True

    def generator_term(self, view: GeneratorView) -> Tensor:
        """The penalty, of which G follows its own gradient."""
        return self._penalty(view)

    def discriminator_term(self, view: DiscriminatorView) -> Tensor:
        """The penalty, of which D follows its own gradient."""
        return self._penalty(view)

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """Of the Wasserstein losses: v is the difference of the two means, and minus w times the mean latent."""
        x, z = linear.real.mean(0), linear.z.mean(0)
        size = (linear.new @ z - x).square().sum() + linear.w.square().sum() * z.square().sum()
        return dict.fromkeys(("generator_term", "discriminator_term"), self.weight / 2 * size)

    def _penalty(self, view: View) -> Tensor:
        losses = view.losses()
        sizes = [
            gradient.square().sum()
            for group, loss in losses.items()
            for gradient in torch.autograd.grad(loss, list(view.parameters[group]), create_graph=True)
        ]
        return self.weight / 2 * torch.stack(sizes).sum()
