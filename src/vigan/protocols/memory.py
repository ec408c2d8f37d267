"""Whether samples are copies of training images (Alaa et al. 2022): made for `reference: all`."""

from __future__ import annotations

import math

from vigan.protocols.base import IMAGES, Cost, Metric, ProtocolKind
from vigan.protocols.features import RESIZED

ALAA = "Alaa et al. 2022, 2102.08921"

MEMORY = ProtocolKind(
    name="memory-efflite0",
    metrics={
        "authenticity": Metric(
            title="Authenticity",
            definition="share of fakes farther from the nearest real image than that is from its own nearest other",
            source=ALAA,
            better="none",
            high=1.0,
        ),
        "nearest_ratio": Metric(
            title="Distance to the nearest real image",
            definition="median distance of fakes to the nearest real image, over that of reals to their nearest other",
            source=f"after {ALAA}",
            better="none",
        ),
    },
    sources=frozenset({IMAGES}),
    notes=(
        ("Network", "EfficientNet-Lite0, as in efflite0-128"),
        ("Input", RESIZED.format(side=128)),
        ("Samples and reference", "{n} fakes of one seed's latents against training images; write `reference: all`."),
        (
            "Mind",
            "Copies have 0 and 0; new draws of the data somewhat above 0.5, and about 1; noise more. The value of real "
            "data is that of images left out of the reference.",
        ),
    ),
    evaluator="vigan.evaluation.features:by_estimator",
    extractor="vigan.features.efflite:EffLite0",
    features="efflite0-128",
    of_features="vigan.metrics.authenticity:authenticity",
    cost=Cost(start=10.0, samples_per_second=math.inf, operations=12e9, pair_operations=4 * 2048),
    place=13,
)
