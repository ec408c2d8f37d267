"""The GAN of the released code: D discriminates x from G(z), G minimises -log D(G(z))."""

from __future__ import annotations

from torch import Tensor

from vigan.objectives.base import Loss, Objective, Tensors
from vigan.objectives.losses import generator_loss


class Gan(Objective):
    """G maps latents to fakes; its phase needs no real batch."""

    def outputs(self, x: Tensor | None, z: Tensor) -> Tensors:
        """Fakes G(z)."""
        return (self.networks["generator"](z),)

    def discriminator_inputs(self, outputs: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:
        """Real is x, fake is G(z)."""
        return (x,), outputs

    def loss(self, outputs: Tensors, x: Tensor | None, z: Tensor) -> Loss:
        """-log D(G(z))."""
        logits = self.networks["discriminator"](*outputs)
        return Loss(generator_loss(logits), (logits,))
