"""The adversarial auto-encoder: a GAN on codes, with draws from the prior as its real examples, and a decoder."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from vigan.config.base import Positive
from vigan.config.methods.base import (
    ArmSettings,
    Description,
    Method,
    NetworkSpec,
    Panel,
    Phase,
    discriminator_phase,
    generator_phase,
)


class Aae(Method):
    """D discriminates codes z drawn from the prior from codes E(x).

    The decoder is trained "after" the encoder's phase, on detached codes, or in one "joint" loss, in which
    `reconstruction` is the weight of the squared norm of x - G(E(x)).
    """

    kind: Literal["aae"]
    decoder: Literal["after", "joint"]
    reconstruction: Positive | None = None
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        MappingProxyType({"decoder": "after"}),
        MappingProxyType({"decoder": "joint", "reconstruction": 0.7}),
    )
    panels: ClassVar[Mapping[str, Panel]] = MappingProxyType(
        {"reconstruction": Panel("Error of decoded codes: |x − G(E(x))|²", "AAE", logarithmic=True)}
    )

    @model_validator(mode="after")
    def _weighed_if_joint(self) -> Aae:
        if self.joint != (self.reconstruction is not None):
            raise ValueError("'reconstruction' is the weight in a 'joint' loss: give it there, and only there")
        return self

    @property
    def joint(self) -> bool:
        """Whether encoder and decoder are trained together."""
        return self.decoder == "joint"

    @property
    def parts(self) -> Mapping[str, str]:
        """The decoder's loss."""
        return {"reconstruction": "|x - G(E(x))|^2, mean of updates"}

    def roles(self, latent: int) -> Mapping[str, NetworkSpec]:
        """G, an encoder, and a D of codes."""
        return {
            "generator": NetworkSpec("generator"),
            "encoder": NetworkSpec("encoder", (latent,)),
            "discriminator": NetworkSpec("code_discriminator"),
        }

    def phases(self, arm: ArmSettings) -> tuple[Phase, ...]:
        """D's updates, E's (or both networks'), and the decoder's on the same batches if it is trained after."""
        d_phase = discriminator_phase(arm)
        if self.joint:
            return d_phase, generator_phase(arm, ("encoder", "generator"))
        decoder = Phase("decoder", "plain", ("generator",), arm.g_batches, batches_of="g")
        return d_phase, generator_phase(arm, ("encoder",)), decoder

    def coordinates(self, example: int, latent: int) -> int:
        """The regulariser compares codes."""
        return latent

    def forwards(self, arm: ArmSettings, role: str) -> Mapping[str, int]:
        """Forwards of the encoder, or of the decoder."""
        updates, encodes = arm.updates, role == "encoder"
        of_codes = {"D's codes": arm.d_batches, "the old codes": int(arm.old_forward_updates_bn)} if encodes else {}
        if self.joint:
            return {"the phase's updates": updates, **of_codes}
        after = {"G's updates": arm.g_batches}
        if not encodes:
            return after
        return {"D's codes": arm.d_batches, "E's updates": updates, **of_codes, **after}

    def describe(self, arm: ArmSettings) -> Description:
        """Text for `vigan explain`."""
        pays = "E -log D(E(x)); G ||x - G(E(x))||^2"
        if self.joint:
            pays = f"E and G -log D(E(x)) + {self.reconstruction:g} x ||x - G(E(x))||^2"
        return Description(
            trained="E and G" if self.joint else "E",
            batch="real examples",
            d_inputs="fresh draws of the prior, as real, and codes E(x) of a real batch, as fake",
            losses=f"D (BCE(D(z), 1) + BCE(D(E(x)), 0)) / 2; {pays}",
            compared="E(x)",
            compared_old="E_o(x)",
            old="E_o",
            old_meaning="E_o: E as it is when the phase begins",
            inputs="examples",
            outputs="codes",
            after="" if self.joint else "on each of those batches, on codes E(x) taken as constants",
        )
