"""How far real examples are from their decoded codes, in models with an encoder."""

from __future__ import annotations

from vigan.protocols.base import IMAGES, POINTS, Metric, ProtocolKind

RECONSTRUCTION = ProtocolKind(
    name="reconstruction",
    metrics={
        "reconstruction_error": Metric(
            title="Squared error of G(E(x)) per coordinate",
            definition="mean over examples and coordinates of (x − G(E(x)))²",
            source="no single source",
            better="lower",
        ),
    },
    sources=frozenset({IMAGES, POINTS}),
    notes=(
        ("Network", "none: the arm's own encoder and generator, in inference mode; of the VAE's code, the mean"),
        ("Input", "Images in [-1, 1], not rounded to bytes; points as they are"),
        (
            "Samples and reference",
            "{n} examples drawn once from the training data, the same for every arm and step. The value of real data "
            "is 0: an example is itself.",
        ),
        (
            "Mind",
            "A generator that makes nothing but the mean of the data has their variance, one that makes other "
            "examples twice that. A low error says nothing of samples: the code may be far from the prior.",
        ),
    ),
    estimator="vigan.metrics.reconstruction:reconstruction_error",
    input="decoded",
    place=40,
)
