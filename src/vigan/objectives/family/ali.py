"""Adversarially learned inference: D tells (x, E(x)) from (G(z), z), which G and E try to make alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from vigan.objectives.ali import LOSSES
from vigan.objectives.base import Forward, Loss, Objective, Tensors


class Ali(Objective):
    """G makes fakes of z, E codes of x; the regulariser holds both.

    On G(z) it is the first of the two terms that the article drops from (40). The second is no such term: for
    a Gaussian encoder it is the squared norm of z - E(G(z)), which E pays where the arm gives it a weight.
    """

    moved = ("generator", "encoder")

    def __init__(self, networks: Mapping[str, Forward], settings: Any) -> None:
        """Play with a generator, an encoder and a D of pairs."""
        super().__init__(networks, settings)
        self.parts = ("latents",) if settings.latents else ()

    def make(self, x: Tensor | None, z: Tensor) -> Tensors:
        """Fakes G(z) and codes E(x)."""
        return self.networks["generator"](z), self.networks["encoder"](x)

    def shown(self, made: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:
        """(x, E(x)) as real, (G(z), z) as fake."""
        fake, code = made
        return (x, code), (fake, z)

    def loss(self, made: Tensors, x: Tensor | None, z: Tensor) -> Loss:
        """The loss that the arm names, of D's logits on both kinds of pairs, and E's own term."""
        assert x is not None
        pairs = self.shown(made, x, z)
        logits = tuple(self.networks["discriminator"](*pair) for pair in pairs)
        value = LOSSES[self.settings.loss](*logits)
        if not self.settings.latents:
            return Loss(value, logits)
        error = (z - self.networks["encoder"](made[0].detach())).square().sum(1).mean()
        return Loss(value + self.settings.latents * error, logits, {"latents": error})
