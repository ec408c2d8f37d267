"""What each metric of the long table is called, which way is better, and its range."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """A metric's title, the better direction, and its bounds (None where unbounded)."""

    title: str
    better: Literal["lower", "higher", "none"]
    lowest: float | None = 0.0
    highest: float | None = None


METRICS = {
    "frechet": Metric("Fréchet distance of features", "lower"),
    "precision": Metric("Precision (k = 3)", "higher", highest=1.0),
    "recall": Metric("Recall (k = 3)", "higher", highest=1.0),
    "density": Metric("Density (k = 5)", "higher"),
    "coverage": Metric("Coverage (k = 5)", "higher", highest=1.0),
    "vendi": Metric("Vendi score", "higher", lowest=1.0),
    "modes": Metric("Modes captured", "higher"),
    "fair_modes": Metric("Modes with ≥ 20% of their fair share", "higher"),
    "high_quality": Metric("Share of high-quality samples", "higher", highest=1.0),
    "reverse_kl": Metric("KL of modes to uniform (nats)", "lower"),
    "classifier_accuracy": Metric("Test accuracy of the digit classifier", "none", highest=1.0),
    "finite": Metric("Samples are finite", "none", highest=1.0),
}
"""Every metric the long table may hold."""

METRIC_COLUMNS = (
    "study", "experiment", "arm", "reading", "seed", "step", "images", "d_updates", "g_updates",
    "metric", "protocol", "value", "status",
)  # fmt: skip
"""The long table: one number a row. `images` are the real images shown to D by `step` iterations."""
