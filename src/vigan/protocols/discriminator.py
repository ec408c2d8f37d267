"""Whether D has learned its training images by heart: made for data sets that keep some (`held_out`)."""

from __future__ import annotations

from vigan.protocols.base import HERE, IMAGES, POINTS, Metric, ProtocolKind

HAYES = "Hayes et al. 2019, 1705.07663"

DISCRIMINATOR = ProtocolKind(
    name="discriminator",
    metrics={
        "d_training": Metric(
            title="Training images that D calls real",
            definition="share of training examples with a logit above D's threshold",
            source=HERE,
            better="none",
            high=1.0,
        ),
        "d_held_out": Metric(
            title="Held-out images that D calls real",
            definition="the same of examples that are kept from training",
            source=HERE,
            better="none",
            high=1.0,
        ),
        "d_fakes": Metric(
            title="Fakes that D calls fake",
            definition="share of fakes with a logit at D's threshold or below",
            source=HERE,
            better="none",
            high=1.0,
        ),
        "d_membership": Metric(
            title="Membership by D's logits",
            definition="chance that a training example has a higher logit than a held-out one (ROC area)",
            source=HAYES,
            better="none",
            high=1.0,
        ),
    },
    sources=frozenset({IMAGES, POINTS}),
    notes=(
        ("Network", "the arm's own D, batches normalised by their own statistics, as in training"),
        (
            "Samples and reference",
            "{n} training and {n} held-out examples, each drawn once for every arm and step, and {n} fakes of one "
            "seed's latents, not rounded. There is no value of real data.",
        ),
        (
            "Mind",
            "A D that knows no image by heart calls as many held-out examples real as training ones, and has a "
            "membership of 0.5; 1 is a D that tells every training example from every other.",
        ),
    ),
    estimator="vigan.metrics.membership:decisions",
    input="judged",
    compares=False,
    place=41,
)
