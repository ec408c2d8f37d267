"""Columns of the tables that evaluating a run writes."""

from __future__ import annotations

METRIC_COLUMNS = (
    "arm", "reading", "seed", "step", "images", "d_updates", "g_updates",
    "metric", "protocol", "value", "status",
)  # fmt: skip
"""The long table: one number per row. `images` are the real examples used in `step` iterations."""

NOISE_COLUMNS = ("arm", "reading", "seed", "step", "draw", "metric", "protocol", "value")
"""The last snapshot of a run measured again, each `draw` on other latents: the metric's own noise."""
