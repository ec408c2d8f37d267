"""Adversarially learned inference: D tells (x, E(x)) from (G(z), z), which G and E try to make alike."""

from __future__ import annotations

from torch import Tensor

from vigan.objectives.ali import LOSSES
from vigan.objectives.base import Loss, Objective, Tensors


class Ali(Objective):
    """G makes fakes of z, E codes of x; the regulariser holds both: the two terms that the article drops."""

    moved = ("generator", "encoder")

    def make(self, x: Tensor | None, z: Tensor) -> Tensors:
        """Fakes G(z) and codes E(x)."""
        return self.networks["generator"](z), self.networks["encoder"](x)

    def shown(self, made: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:
        """(x, E(x)) as real, (G(z), z) as fake."""
        fake, code = made
        return (x, code), (fake, z)

    def loss(self, made: Tensors, x: Tensor | None, z: Tensor) -> Loss:
        """The loss that the arm names, of D's logits on both kinds of pairs."""
        assert x is not None
        pairs = self.shown(made, x, z)
        logits = tuple(self.networks["discriminator"](*pair) for pair in pairs)
        return Loss(LOSSES[self.settings.loss](*logits), logits)
