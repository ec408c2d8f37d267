"""The adversarial auto-encoder: a GAN on codes, the prior's draws its real examples. Su (2018), equations 30 to 34.

D(z) is the probability that z was drawn from the prior q(z), and not E(x) of an example; its own loss, equation 30, is
`losses.discriminator_loss` on the prior's draws and on codes. A decoder learns after that GAN or with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from vigan.objectives import losses
from vigan.objectives.base import Forward, Lesson, Loss, Objective, Tensors


def encoder_loss(code_logits: Tensor) -> Tensor:
    """-log D(E(x)), batch mean, a scalar in nats, from logits (N,): equation 33, without KL(p(z) || p_o(z)) of 32."""
    return losses.generator_loss(code_logits)


def reconstruction(x: Tensor, decoded: Tensor) -> Tensor:
    """||x - G(E(x))||^2, a sum over coordinates and a mean over the batch: equation 34's term, without its lambda."""
    return (x - decoded).square().flatten(1).sum(1).mean()


class Aae(Objective):
    """E makes codes of x, which D tells from the prior's z; the regulariser is KL(p(z) || p_o(z)), on codes.

    Encoder and decoder are moved together where the loss is joint; else the phase moves the encoder alone.
    """

    parts = ("reconstruction",)

    def __init__(self, networks: Mapping[str, Forward], settings: Any) -> None:
        """Play with an encoder, a decoder and a D of codes."""
        super().__init__(networks, settings)
        self.joint = settings.decoder == "joint"
        self.moved = ("encoder", "generator") if self.joint else ("encoder",)

    def make(self, x: Tensor | None, z: Tensor) -> Tensors:  # noqa: ARG002
        """Codes E(x)."""
        return (self.networks["encoder"](x),)

    def shown(self, made: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:  # noqa: ARG002
        """Real is z, fake is E(x)."""
        return (z,), made

    def loss(self, made: Tensors, x: Tensor | None, z: Tensor) -> Loss:  # noqa: ARG002
        """-log D(E(x)) and, where the loss is joint, the weighted squared error of G(E(x))."""
        assert x is not None
        logits = self.networks["discriminator"](*made)
        adversarial = encoder_loss(logits)
        if not self.joint:
            return Loss(adversarial, (logits,))
        error = reconstruction(x, self.networks["generator"](*made))
        return Loss(adversarial + self.settings.reconstruction * error, (logits,), {"reconstruction": error})

    def lessons(self) -> Mapping[str, Lesson]:
        """The decoder's own update, unless it learns in the phase."""
        return {} if self.joint else {"decoder": Lesson(("generator",), self._decode)}

    def _decode(self, x: Tensor, z: Tensor) -> Loss:  # noqa: ARG002
        with torch.no_grad():
            code = self.networks["encoder"](x)
        error = reconstruction(x, self.networks["generator"](code))
        return Loss(error, parts={"reconstruction": error})
