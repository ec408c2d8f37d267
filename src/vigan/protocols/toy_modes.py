"""Gaussians found, on the ring and the grid (Srivastava et al. 2017)."""

from __future__ import annotations

from vigan.protocols.base import Metric, ProtocolKind
from vigan.protocols.mode_metrics import COUNTED, FAIR_MODES, MODES, REVERSE_KL, SRIVASTAVA

TOY_MODES = ProtocolKind(
    name="toy-modes",
    metrics={
        "modes": MODES,
        "fair_modes": FAIR_MODES,
        "high_quality": Metric(
            title="Share of high-quality samples",
            definition="share of samples within 3 deviations of a mode's mean; a perfect sampler has 0.989",
            source=SRIVASTAVA,
            better="higher",
            high=1.0,
        ),
        "reverse_kl": REVERSE_KL,
    },
    sources=frozenset({"ring", "grid"}),
    notes=(
        ("Network", "none: the true means and deviation are known"),
        ("Input", "Points of the plane, as generated"),
        ("Samples and reference", COUNTED),
        ("Mind", "A captured mode needs a single sample: read it beside the share of high-quality samples."),
    ),
    evaluator="vigan.evaluation.toy_modes:ToyModes",
    compares=False,
    place=30,
)
