"""Adversarially learned inference (BiGAN): D discriminates pairs (x, E(x)) from pairs (G(z), z)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

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

_LOSSES = {
    "derived": "-log D(x, E(x)) - log D(G(z), z)",
    "min-max": "log D(x, E(x)) + log(1 - D(G(z), z))",
    "non-saturating": "-log(1 - D(x, E(x))) - log D(G(z), z)",
}


class Ali(Method):
    """`loss` is the joint loss of G and E: see `vigan.objectives.ali`.

    `latents` is the weight of an additional loss of E, the squared norm of z - E(G(z)): the term that the article drops
    from the derived loss of a Gaussian encoder, whose deviation is sigma where the weight is 1/(2 sigma^2).
    """

    kind: Literal["ali"]
    loss: Literal["derived", "min-max", "non-saturating"]
    latents: Positive | None = None
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        *(MappingProxyType({"loss": loss}) for loss in _LOSSES),
        MappingProxyType({"loss": "derived", "latents": 0.4}),
    )
    panels: ClassVar[Mapping[str, Panel]] = MappingProxyType(
        {"latents": Panel("Error of codes: |z − E(G(z))|²", "where it is paid", logarithmic=True)}
    )

    @property
    def parts(self) -> Mapping[str, str]:
        """E's own term, where it has a weight."""
        return {"latents": "|z - E(G(z))|^2, mean of updates"} if self.latents else {}

    def roles(self, latent: int) -> Mapping[str, NetworkSpec]:
        """G, an encoder, and a D of pairs."""
        return {
            "generator": NetworkSpec("generator"),
            "encoder": NetworkSpec("encoder", (latent,)),
            "discriminator": NetworkSpec("joint_discriminator"),
        }

    def phases(self, arm: ArmSettings) -> tuple[Phase, ...]:
        """D's updates, then those of G and E together."""
        return discriminator_phase(arm), generator_phase(arm, ("generator", "encoder"))

    def coordinates(self, example: int, latent: int) -> int:
        """The regulariser compares fakes and codes."""
        return example + latent

    def forwards(self, arm: ArmSettings, role: str) -> Mapping[str, int]:
        """Forwards of either network; with `latents`, the encoder also encodes fakes."""
        updates = arm.updates
        return {
            "D's pairs": arm.d_batches,
            "the phase's updates": updates,
            "the old fakes and codes": int(arm.old_forward_updates_bn),
            "codes of fakes": updates if role == "encoder" and self.latents else 0,
        }

    def describe(self, arm: ArmSettings) -> Description:
        """Text for `vigan explain`."""
        besides = f"; E besides {self.latents:g} x ||z - E(G(z))||^2, G(z) taken as a constant" if self.latents else ""
        d_pays = "D (BCE(D(x, E(x)), 1) + BCE(D(G(z), z), 0)) / 2"
        return Description(
            trained="G and E",
            batch="real examples and fresh latents",
            d_inputs="pairs (x, E(x)) of a real batch, as real, and pairs (G(z), z) of fresh latents, as fake",
            losses=f"{d_pays}; G and E {_LOSSES[self.loss]}{besides}",
            compared="(G(z), E(x))",
            compared_old="(G_o(z), E_o(x))",
            old="(G_o, E_o)",
            old_meaning="(G_o, E_o): G and E as they are when the phase begins",
            inputs="latents and examples",
            outputs="fakes and codes",
        )
