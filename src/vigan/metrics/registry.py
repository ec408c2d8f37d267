"""What each metric of the long table is called, which way is better, and which protocols give it."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """A metric's title, its better direction and its range.

    "none" is where more is no better: noise raises density, Vendi score and diversity. `of_modes`: its highest value
    follows from the number of modes of the data.
    """

    title: str
    better: Literal["lower", "higher", "none"]
    low: float = 0.0
    high: float = math.inf
    of_modes: bool = False

    @property
    def bounded(self) -> bool:
        """Whether it has a lowest and a highest value, on data of which the number of modes is known."""
        return math.isfinite(self.low) and (math.isfinite(self.high) or self.of_modes)

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is, 0 where neither."""
        return {"lower": -1, "none": 0, "higher": 1}[self.better]


METRICS = {
    "frechet": Metric("Fréchet distance of features", "lower"),
    "kid_mean": Metric("Kernel distance (KID)", "lower", low=-math.inf),
    "kid_std": Metric("Deviation of KID over its subsets", "none"),
    "precision": Metric("Precision (k = 3)", "higher", high=1.0),
    "recall": Metric("Recall (k = 3)", "higher", high=1.0),
    "density": Metric("Density (k = 5)", "none"),
    "coverage": Metric("Coverage (k = 5)", "higher", high=1.0),
    "vendi": Metric("Vendi score", "none", low=1.0),
    "diversity": Metric("Mean distance of two samples", "none"),
    "birthday": Metric("Chance of a near-duplicate in 100", "none", high=1.0),
    "ndb": Metric("Share of statistically different bins", "lower", high=1.0),
    "jsd": Metric("Jensen–Shannon divergence of bins (nats)", "lower", high=math.log(2)),
    "modes": Metric("Modes captured", "higher", of_modes=True),
    "fair_modes": Metric("Modes with ≥ 20% of their fair share", "higher", of_modes=True),
    "high_quality": Metric("Share of high-quality samples", "higher", high=1.0),
    "reverse_kl": Metric("KL of modes to uniform (nats)", "lower", of_modes=True),
    "reconstruction_error": Metric("Squared error of G(E(x)) per coordinate", "lower"),
    "classifier_accuracy": Metric("Test accuracy of the digit classifier", "none", high=1.0),
    "finite": Metric("Samples are finite", "none", high=1.0),
}
"""Every metric the long table may hold."""

_FEATURES = (
    "frechet", "kid_mean", "kid_std", "precision", "recall", "density", "coverage", "vendi", "diversity", "birthday",
)  # fmt: skip
_MODES = ("modes", "fair_modes", "reverse_kl")

MEASURED = {
    "efflite0-128": _FEATURES,
    "inception-clean": _FEATURES,
    "pixel-bins-32": ("ndb", "jsd"),
    "digit-modes": (*_MODES, "classifier_accuracy"),
    "stacked-modes": (*_MODES, "classifier_accuracy"),
    "toy-modes": (*_MODES, "high_quality"),
    "reconstruction": ("reconstruction_error",),
}
"""The metrics that each kind of protocol gives; `birthday` needs 1,000 samples."""

CHECKS = ("kid_std", "classifier_accuracy", "finite")
"""Metrics that speak of the measurement, not of the samples: neither drawn nor compared."""

METRIC_COLUMNS = (
    "arm", "reading", "seed", "step", "images", "d_updates", "g_updates",
    "metric", "protocol", "value", "status",
)  # fmt: skip
"""The long table: one number a row. `images` are the real examples shown by `step` iterations."""

NOISE_COLUMNS = ("arm", "reading", "seed", "step", "draw", "metric", "protocol", "value")
"""The last snapshot of a run measured again, each `draw` on other latents: the metric's own noise."""
