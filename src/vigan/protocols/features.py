"""Kinds that compare images in the features of a network: Frechet and kernel distance, neighbourhoods, diversity."""

from __future__ import annotations

import math

from vigan.protocols.base import IMAGES, Cost, Metric, ProtocolKind

BINKOWSKI = "Bińkowski et al. 2018, 1801.01401"
KYNKAANNIEMI = "Kynkäänniemi et al. 2019, 1904.06991"
NAEEM = "Naeem et al. 2020, 2002.09797"

METRICS = {
    "frechet": Metric(
        title="Fréchet distance of features",
        definition="|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) of Gaussians fitted to features",
        source="Heusel et al. 2017, 1706.08500",
        better="lower",
    ),
    "kid_mean": Metric(
        title="Kernel distance (KID)",
        definition=(
            "unbiased squared MMD with kernel (x·y/d + 1)³, mean over 100 subsets of at most 1,000 (one, if that is "
            "all); may be below 0"
        ),
        source=BINKOWSKI,
        better="lower",
        low=-math.inf,
    ),
    "kid_std": Metric(
        title="Deviation of KID over its subsets",
        definition="standard deviation of the kernel distance over those subsets",
        source=BINKOWSKI,
        better="none",
        check=True,
        least=1001,
    ),
    "precision": Metric(
        title="Precision (k = 3)",
        definition="share of fakes within the 3rd-neighbour ball of a real image",
        source=KYNKAANNIEMI,
        better="higher",
        high=1.0,
    ),
    "recall": Metric(
        title="Recall (k = 3)",
        definition="share of reals within the 3rd-neighbour ball of a fake",
        source=KYNKAANNIEMI,
        better="higher",
        high=1.0,
    ),
    "density": Metric(
        title="Density (k = 5)",
        definition="mean number of 5th-neighbour balls of reals that hold a fake, over 5",
        source=NAEEM,
        better="none",
    ),
    "coverage": Metric(
        title="Coverage (k = 5)",
        definition="share of reals whose 5th-neighbour ball holds a fake",
        source=NAEEM,
        better="higher",
        high=1.0,
    ),
    "vendi": Metric(
        title="Vendi score",
        definition="exp of the entropy of the eigenvalues of the fakes' cosine similarities over n",
        source="Friedman and Dieng 2023, 2210.02410",
        better="none",
        low=1.0,
    ),
    "diversity": Metric(
        title="Mean distance of two samples",
        definition="mean distance of the features of two random fakes",
        source="no single source",
        better="none",
    ),
    "birthday": Metric(
        title="Chance of a near-duplicate in 100",
        definition="chance that 100 fakes hold a near-duplicate, by a threshold from real images; not judged by eye",
        source="after Arora and Zhang 2017, 1706.08224",
        better="none",
        high=1.0,
        least=1000,
    ),
}

COMPARED = (
    "{n} fakes of one seed's latents, the same at every step, against {n} images drawn once from the training data. "
    "The value of real data is that of {n} other images against the same {n}."
)
"""What is compared with what, for the notes."""
COMPARED_WITH_OTHERS = "{n} fakes of one seed's latents, the same at every step, against the reference."
"""The same where the reference is not as many."""

RESIZED = (
    "Images are enlarged or shrunk by an antialiased bicubic filter to {side}x{side} before the network sees them."
)
"""How an extractor resizes, for the notes."""


def feature_kind(
    name: str,
    extractor: str,
    notes: tuple[tuple[str, str], ...],
    distance: str,
    operations: float = 12e9,
    libraries: tuple[str, ...] = (),
    place: int = 10,
) -> ProtocolKind:
    """The kind that gives every feature metric in the features of one network of so many operations an image.

    `libraries` are those that the network is of, beside torch.
    """
    return ProtocolKind(
        name=name,
        metrics=METRICS,
        sources=frozenset({IMAGES}),
        notes=notes,
        evaluator="vigan.evaluation.features:of_kind",
        extractor=extractor,
        libraries=libraries,
        distance=distance,
        cost=Cost(start=10.0, samples_per_second=math.inf, operations=operations, pair_operations=12 * 2048),
        place=place,
    )


EFFLITE = feature_kind(
    name="efflite0-128",
    extractor="vigan.features.efflite:EffLite0",
    notes=(
        ("Network", "EfficientNet-Lite0 (Apache-2.0 weights), its 1,280 pooled activations before the classifier"),
        ("Input", RESIZED.format(side=128) + " Grey images are repeated in three channels."),
        ("Samples and reference", COMPARED),
        ("Mind", "A Fréchet distance of these features is FD-efflite0, not an FID. It grows as n shrinks."),
    ),
    distance="FD-efflite0, not an FID",
)

INCEPTION = feature_kind(
    name="inception-clean",
    extractor="vigan.features.inception:InceptionClean",
    notes=(
        ("Network", "Inception of 2015-12-05, as clean-fid uses it, its 2,048 pooled activations"),
        ("Input", RESIZED.format(side=299) + " As clean-fid does (Parmar et al. 2022, arXiv 2104.11222)."),
        ("Samples and reference", COMPARED),
        ("Mind", "An FID of other n, crops or images is not comparable with this one. It grows as n shrinks."),
    ),
    distance="FID, resized as clean-fid does",
)
