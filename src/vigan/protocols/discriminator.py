"""Whether D has learned its training examples by heart: made for data sets that keep some of them (`held_out`)."""

from __future__ import annotations

from vigan.protocols.base import HERE, IMAGES, POINTS, Cost, Metric, ProtocolKind

HAYES = "Hayes et al. 2019, 1705.07663"


def _called_real(title: str, examples: str) -> Metric:
    return Metric(
        title=f"{title} called real",
        definition=f"share of {examples} to which D gives a logit above its threshold",
        source=HERE,
        better="none",
        high=1.0,
    )


DISCRIMINATOR = ProtocolKind(
    name="discriminator",
    metrics={
        "real_training": _called_real("Training examples", "training examples"),
        "real_held_out": _called_real("Held-out examples", "examples that are kept from training"),
        "real_fakes": _called_real("Fakes", "fakes"),
        "membership": Metric(
            title="Membership, by D's logits",
            definition="chance that a training example has a higher logit than a held-out one (the ROC curve's area)",
            source=HAYES,
            better="none",
            high=1.0,
        ),
    },
    sources=frozenset({IMAGES, POINTS}),
    notes=(
        (
            "Network",
            "the arm's own D, each batch of one kind normalised by its own statistics, as in training; in float32, its "
            "inputs as they are, whatever a stabiliser does to them in training",
        ),
        (
            "Samples and reference",
            "{n} training and {n} held-out examples, each drawn once for every arm and step, and {n} fakes of one "
            "seed's latents, of the generator that was trained, in inference mode, not rounded. Nothing is the value "
            "of real data.",
        ),
        ("Threshold", "0, or 0.5 for least squares; of a critic, its mean on these training examples and fakes"),
        (
            "Mind",
            "A D that knows no example by heart calls as many held-out ones real as training ones, and has a "
            "membership of 0.5; 1 is a D that tells every training example from every other.",
        ),
    ),
    estimator="vigan.metrics.membership:decisions",
    input="judged",
    compares=False,
    cost=Cost(operations=20e9),
    place=41,
)
