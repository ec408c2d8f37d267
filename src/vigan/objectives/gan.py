"""The GAN: D discriminates x from G(z); both are trained on one of the losses of `vigan.objectives.losses`."""

from __future__ import annotations

from torch import Tensor

from vigan.objectives.base import Loss, Objective, Tensors
from vigan.objectives.losses import ADVERSARIAL


class Gan(Objective):
    """G maps latents to fakes; its phase needs no real batch."""

    def outputs(self, x: Tensor | None, z: Tensor) -> Tensors:
        """Fakes G(z)."""
        return (self.networks["generator"](z),)

    def discriminator_inputs(self, outputs: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:
        """Real is x, fake is G(z)."""
        return (x,), outputs

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """D's half of the arm's loss."""
        return ADVERSARIAL[self.settings.loss].discriminator(real_logits, fake_logits)

    def loss(self, outputs: Tensors, x: Tensor | None, z: Tensor) -> Loss:
        """G's half; -log D(G(z)) in the released code."""
        logits = self.networks["discriminator"](*outputs)
        return Loss(ADVERSARIAL[self.settings.loss].generator(logits), (logits,))
