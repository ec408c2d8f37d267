"""What each metric of the long table is called, which way is better, and its range."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """A metric's title and its better direction; "none" where more is no better (density, Vendi: noise raises them)."""

    title: str
    better: Literal["lower", "higher", "none"]

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is, 0 where neither."""
        return {"lower": -1, "none": 0, "higher": 1}[self.better]


METRICS = {
    "frechet": Metric("Fréchet distance of features", "lower"),
    "precision": Metric("Precision (k = 3)", "higher"),
    "recall": Metric("Recall (k = 3)", "higher"),
    "density": Metric("Density (k = 5)", "none"),
    "coverage": Metric("Coverage (k = 5)", "higher"),
    "vendi": Metric("Vendi score", "none"),
    "modes": Metric("Modes captured", "higher"),
    "fair_modes": Metric("Modes with ≥ 20% of their fair share", "higher"),
    "high_quality": Metric("Share of high-quality samples", "higher"),
    "reverse_kl": Metric("KL of modes to uniform (nats)", "lower"),
    "classifier_accuracy": Metric("Test accuracy of the digit classifier", "none"),
    "finite": Metric("Samples are finite", "none"),
}
"""Every metric the long table may hold."""

CHECKS = ("classifier_accuracy", "finite")
"""Metrics that speak of the measurement, not of the samples: neither drawn nor compared."""

METRIC_COLUMNS = (
    "arm", "reading", "seed", "step", "images", "d_updates", "g_updates",
    "metric", "protocol", "value", "status",
)  # fmt: skip
"""The long table: one number a row. `images` are the real images shown to D by `step` iterations."""
