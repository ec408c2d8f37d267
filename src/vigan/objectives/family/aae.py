"""The adversarial auto-encoder: a GAN on codes, and a decoder that learns after it or with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from vigan.objectives.aae import encoder_loss, reconstruction
from vigan.objectives.base import Forward, Lesson, Loss, Objective, Tensors


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
