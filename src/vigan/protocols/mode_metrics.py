"""What the kinds that count modes have in common: their metrics, and what they say of their samples."""

from __future__ import annotations

import math

from vigan.protocols.base import HERE, Metric

SRIVASTAVA = "Srivastava et al. 2017, 1705.07761"

MODES = Metric(
    title="Modes captured",
    definition="modes, or classes, with at least one sample (of the ring and grid: one of high quality)",
    source=SRIVASTAVA,
    better="higher",
    of_modes=float,
)
FAIR_MODES = Metric(
    title="Modes with ≥ 20% of their fair share",
    definition="modes with at least 20% of their fair share of samples",
    source=HERE,
    better="higher",
    of_modes=float,
)
REVERSE_KL = Metric(
    title="KL of modes to uniform (nats)",
    definition="KL of the samples' histogram over modes to uniform, natural logarithm",
    source="Metz et al. 2017, 1611.02163",
    better="lower",
    of_modes=math.log,
)

COUNTED = "{n} fakes of one seed's latents, the same at every step; no real images are needed to count modes."
"""What is counted, for the notes."""
