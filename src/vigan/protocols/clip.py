"""CMMD: the discrepancy of CLIP embeddings, without Gaussians (Jayasumana et al. 2024)."""

from __future__ import annotations

import math

from vigan.protocols.base import IMAGES, Cost, Metric, ProtocolKind
from vigan.protocols.features import COMPARED

CLIP = ProtocolKind(
    name="clip-l14-336",
    metrics={
        "cmmd": Metric(
            title="CMMD",
            definition="1000 times the squared MMD of CLIP embeddings, kernel exp(−|x − y|²/200), over all pairs",
            source="Jayasumana et al. 2024, 2401.09603",
            better="lower",
        ),
    },
    sources=frozenset({IMAGES}),
    notes=(
        ("Network", "CLIP ViT-L/14 at 336 pixels (OpenAI's weights), its 768-d image embedding of unit length"),
        ("Input", "The middle square of each image, resized to 336x336 by Pillow's bicubic filter, rounded to 8 bits."),
        ("Samples and reference", COMPARED),
        (
            "Mind",
            "Its authors' estimator is above 0 for equal distributions, by an amount proportional to 1/n: compare at "
            "equal n.",
        ),
    ),
    evaluator="vigan.evaluation.features:by_estimator",
    extractor="vigan.features.clip:ClipL14",
    of_features="vigan.metrics.cmmd:cmmd",
    libraries=("timm",),
    cost=Cost(start=10.0, samples_per_second=math.inf, operations=380e9, pair_operations=6 * 768),
    place=12,
)
