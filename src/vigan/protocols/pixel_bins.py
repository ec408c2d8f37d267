"""Bins of real images that get too many or too few fakes (Richardson and Weiss 2018)."""

from __future__ import annotations

import math

from vigan.protocols.base import IMAGES, Metric, ProtocolKind
from vigan.protocols.features import COMPARED

RICHARDSON = "Richardson and Weiss 2018, 1805.12462"

PIXEL_BINS = ProtocolKind(
    name="pixel-bins-32",
    metrics={
        "ndb": Metric(
            title="Share of statistically different bins",
            definition="share of k-means bins whose share of fakes differs at level 0.05",
            source=RICHARDSON,
            better="lower",
            high=1.0,
        ),
        "jsd": Metric(
            title="Jensen–Shannon divergence of bins (nats)",
            definition="Jensen–Shannon divergence of the bins' histograms, natural logarithm",
            source=RICHARDSON,
            better="lower",
            high=math.log(2),
        ),
    },
    sources=frozenset({IMAGES}),
    notes=(
        ("Network", "none: pixels, averaged down to a side of 32, whitened"),
        ("Input", "Bins are Voronoi cells of k-means centres of real images (Richardson and Weiss 2018)."),
        ("Samples and reference", COMPARED),
    ),
    evaluator="vigan.evaluation.pixel_bins:PixelBins",
    least=500,
    place=20,
)
