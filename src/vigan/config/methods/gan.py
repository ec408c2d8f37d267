"""The GAN: D discriminates x from G(z); both are trained on one of five losses, G with the regulariser."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple

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


class LossWords(NamedTuple):
    """Text on a loss: what D and G minimise, G's panel of telemetry, what the regulariser is beside it."""

    d: str
    g: str
    panel: str
    regulariser: str


_LOG_D = "D (BCE(D(x), 1) + BCE(D(G(z)), 0)) / 2"
_PROXIMAL = "a proximal term: the article derives it for -log D only"
LOSSES: Mapping[str, LossWords] = MappingProxyType(
    {
        "non-saturating": LossWords(_LOG_D, "-log D(G(z))", "−log D(G(z)) (nats)", ""),
        "min-max": LossWords(_LOG_D, "log(1 - D(G(z)))", "log(1 − D(G(z))) (nats)", _PROXIMAL),
        "hinge": LossWords(
            "D max(0, 1 - D(x)) + max(0, 1 + D(G(z)))", "-D(G(z)), D as logits", "−D(G(z)), D as logits", _PROXIMAL
        ),
        "least-squares": LossWords(
            "D ((D(x) - 1)^2 + D(G(z))^2) / 2, D as logits", "(D(G(z)) - 1)^2 / 2", "(D(G(z)) − 1)² / 2", _PROXIMAL
        ),
        "wasserstein": LossWords("D D(G(z)) - D(x), D as a critic", "-D(G(z))", "−D(G(z)), D as a critic", _PROXIMAL),
    }
)
"""The losses in words, by name; `vigan.objectives.losses` has their formulas and where each was published."""

_AT_LAST = "at the last G update of a phase"


class Gan(Method):
    """G makes fakes of latents; its phase sees no real batch. `loss` is what D and G minimise: see `LOSSES`."""

    kind: Literal["gan"]
    loss: Literal["non-saturating", "min-max", "hinge", "least-squares", "wasserstein"] = "non-saturating"
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (
        MappingProxyType({}),
        *(MappingProxyType({"loss": loss}) for loss in LOSSES if loss != "non-saturating"),
    )
    trained: ClassVar[str] = "G"

    @property
    def titles(self) -> Mapping[str, Panel]:
        """Its own words for columns of telemetry."""
        return {
            "g_adversarial": Panel(LOSSES[self.loss].panel),
            "penalty": Panel("Weighted penalty", _AT_LAST),
            "drift": Panel("Drift: mean (G(z) − G_old(z))²", _AT_LAST, logarithmic=True),
            "step": Panel("Step of G: |Δθ| / |θ|", "over a phase of G updates", logarithmic=True),
            "gradient_ratio": Panel("|∇ penalty| / |∇ adversarial|", _AT_LAST, logarithmic=True),
        }

    @property
    def decision_threshold(self) -> float | None:
        """Least squares want 1 and 0 of D; a critic's values have no zero."""
        return {"least-squares": 0.5, "wasserstein": None}.get(self.loss, 0.0)

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
        """Text for `vigan explain`."""
        texts = LOSSES[self.loss]
        return Description(
            trained="G",
            batch="fresh latents",
            d_inputs="a real batch and fakes of fresh latents",
            losses=f"{texts.d}; G {texts.g}",
            compared="G(z)",
            compared_old="G_o(z)",
            old="G_o",
            old_meaning="; ".join(filter(None, ["G_o: G as it is when the phase begins", texts.regulariser])),
            inputs="latents",
            outputs="fakes",
        )
