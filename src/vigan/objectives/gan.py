"""The GAN of the released code: D tells x from G(z), G pays -log D(G(z))."""

from __future__ import annotations

from torch import Tensor

from vigan.objectives.base import Loss, Objective, Tensors
from vigan.objectives.losses import generator_loss


class Gan(Objective):
    """G makes fakes of latents; its phase sees no real batch."""

    moved = ("generator",)

    def make(self, x: Tensor | None, z: Tensor) -> Tensors:  # noqa: ARG002
        """Fakes G(z)."""
        return (self.networks["generator"](z),)

    def shown(self, made: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:  # noqa: ARG002
        """Real is x, fake is G(z)."""
        return (x,), made

    def loss(self, made: Tensors, x: Tensor | None, z: Tensor) -> Loss:  # noqa: ARG002
        """-log D(G(z))."""
        logits = self.networks["discriminator"](*made)
        return Loss(generator_loss(logits), (logits,))
