"""The adversarial auto-encoder: a GAN on codes, with draws from the prior as real. Su (2018), equations 30 to 34.

D(z) is the probability that z was drawn from the prior q(z), and not E(x) of an example; its own loss, equation 30, is
`losses.discriminator_loss` on the prior's draws and on codes. A decoder is trained after that GAN or jointly.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vigan.objectives import losses
from vigan.objectives.base import Batched, Loss, Objective, Tensors


def encoder_loss(code_logits: Tensor) -> Tensor:
    """-log D(E(x)), batch mean, a scalar in nats, from logits (N,): equation 33, without KL(p(z) || p_o(z)) of 32."""
    return losses.generator_loss(code_logits)


def reconstruction(x: Tensor, decoded: Tensor) -> Tensor:
    """||x - G(E(x))||^2, a sum over coordinates and a mean over the batch: equation 34's term, without its lambda."""
    return (x - decoded).square().flatten(1).sum(1).mean()


class Aae(Objective):
    """E maps x to codes, which D discriminates from the prior's z; the regulariser is KL(p(z) || p_o(z)), on codes.

    With a joint loss, the generator phase trains encoder and decoder; else the encoder alone.
    """

    def outputs(self, x: Tensor | None, z: Tensor) -> Tensors:
        """Codes E(x)."""
        return (self.networks["encoder"](x),)

    def discriminator_inputs(self, outputs: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:
        """Real is z, fake is E(x)."""
        return (z,), outputs

    def loss(self, outputs: Tensors, x: Tensor | None, z: Tensor) -> Loss:
        """-log D(E(x)) and, where the loss is joint, the weighted squared error of G(E(x))."""
        assert x is not None
        logits = self.networks["discriminator"](*outputs)
        adversarial = encoder_loss(logits)
        if not self.settings.joint:
            return Loss(adversarial, (logits,))
        error = reconstruction(x, self.networks["generator"](*outputs))
        return Loss(adversarial + self.settings.reconstruction * error, (logits,), {"reconstruction": error})

    def losses(self) -> Mapping[str, Batched]:
        """The decoder's own, if it is trained after the generator phase."""
        return {"decoder": self._decode}

    def _decode(self, x: Tensor, z: Tensor) -> Loss:
        with torch.no_grad():
            code = self.networks["encoder"](x)
        error = reconstruction(x, self.networks["generator"](code))
        return Loss(error, parts={"reconstruction": error})
