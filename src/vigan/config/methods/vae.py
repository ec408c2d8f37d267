"""The variational auto-encoder: Gaussian encoder and decoder, jointly trained on the negative evidence lower bound."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from vigan.config.base import Positive
from vigan.config.methods.base import ArmSettings, Description, Method, NetworkSpec, Panel, Phase, generator_phase


class Vae(Method):
    """E maps x to a Gaussian p(z|x), G decodes a draw from it; `std` is the decoder's, in the data's unit."""

    kind: Literal["vae"]
    std: Positive
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (MappingProxyType({"std": 0.3}),)
    panels: ClassVar[Mapping[str, Panel]] = MappingProxyType(
        {"bound": Panel("Negative lower bound (nats)", "VAE"), "kl": Panel("KL(p(z|x) || q(z)) (nats)", "VAE")}
    )
    own_scale: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"g_adversarial": "bound", "reconstruction": "bound less kl"}
    )

    @property
    def parts(self) -> Mapping[str, str]:
        """The two terms of the bound."""
        return {
            "reconstruction": "-log q(x|z) (nats), mean of updates",
            "kl": "KL(p(z|x) || q(z)) (nats), mean of updates",
        }

    def roles(self, latent: int) -> Mapping[str, NetworkSpec]:
        """G, and an encoder to means and log variances."""
        return {"generator": NetworkSpec("generator"), "encoder": NetworkSpec("encoder", (2 * latent,))}

    def phases(self, arm: ArmSettings) -> tuple[Phase, ...]:
        """Updates of both."""
        return (generator_phase(arm, ("encoder", "generator")),)

    def forwards(self, arm: ArmSettings, role: str) -> Mapping[str, int]:
        """Forwards of either network."""
        return {"the phase's updates": arm.updates}

    def describe(self, arm: ArmSettings) -> Description:
        """Text for `vigan explain`."""
        density = f"N(x; G(z), {self.std:g}^2 I)"
        return Description(
            trained="E and G",
            batch="real examples and fresh noise",
            losses=f"E and G -log {density} + KL(p(z|x) || N(0, I)), one z from the Gaussian p(z|x) = E(x)",
        )
