"""The GAN of the released code: D tells x from G(z); G pays -log D(G(z)) and the regulariser."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

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

_AT_LAST = "at the last G update of a phase"


class Gan(Method):
    """G makes fakes of latents; its phase sees no real batch."""

    kind: Literal["gan"]
    trained: ClassVar[str] = "G"
    titles: ClassVar[Mapping[str, Panel]] = MappingProxyType(
        {
            "g_adversarial": Panel("−log D(G(z)) (nats)"),
            "penalty": Panel("Weighted penalty", _AT_LAST),
            "drift": Panel("Drift: mean (G(z) − G_old(z))²", _AT_LAST, logarithmic=True),
            "step": Panel("Step of G: |Δθ| / |θ|", "over a phase of G updates", logarithmic=True),
            "gradient_ratio": Panel("|∇ penalty| / |∇ adversarial|", _AT_LAST, logarithmic=True),
        }
    )

    def roles(self, latent: int) -> Mapping[str, NetworkSpec]:
        """G, and a D of examples."""
        return {"generator": NetworkSpec("generator"), "discriminator": NetworkSpec("discriminator")}

    def phases(self, arm: ArmSettings) -> tuple[Phase, ...]:
        """D's updates, then G's."""
        return discriminator_phase(arm), generator_phase(arm, ("generator",), real=False)

    def forwards(self, arm: ArmSettings, role: str) -> Mapping[str, int]:
        """Forwards of G."""
        return {
            "D's fakes": arm.d_batches,
            "G's updates": arm.updates,
            "the old fakes": int(arm.old_forward_updates_bn),
        }

    def describe(self, arm: ArmSettings) -> Description:
        """What is said of it."""
        return Description(
            trained="G",
            batch="fresh latents",
            d_inputs="a real batch and fakes of fresh latents",
            losses="D (BCE(D(x), 1) + BCE(D(G(z)), 0)) / 2; G -log D(G(z))",
            compared="G(z)",
            compared_old="G_o(z)",
            old="G_o",
            old_meaning="G_o: G as it is when the phase begins",
            inputs="latents",
            outputs="fakes",
        )
