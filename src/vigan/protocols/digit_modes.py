"""Digits, and triples of digits, found by a classifier that is fitted to the data set's own labels."""

from __future__ import annotations

from vigan.protocols.base import HERE, Metric, ProtocolKind
from vigan.protocols.mode_metrics import COUNTED, FAIR_MODES, MODES, REVERSE_KL

METRICS = {
    "modes": MODES,
    "fair_modes": FAIR_MODES,
    "reverse_kl": REVERSE_KL,
    "classifier_accuracy": Metric(
        title="Test accuracy of the digit classifier",
        definition="accuracy of the digit classifier on digits it was not fitted to",
        source=HERE,
        better="none",
        high=1.0,
        check=True,
    ),
}

DIGIT_MODES = ProtocolKind(
    name="digit-modes",
    metrics=METRICS,
    sources=frozenset({"digits"}),
    notes=(
        (
            "Network",
            "a support vector machine fitted to the data set's own labels: of scikit-learn's digits on images averaged "
            "down to 8x8, of MNIST's on directions of strokes in 6x6 cells",
        ),
        ("Input", "The data set's side; the classifier's accuracy on held-out digits is in the table of metrics."),
        ("Samples and reference", COUNTED),
    ),
    evaluator="vigan.evaluation.digit_modes:DigitModes",
    libraries=("scikit-learn",),
    compares=False,
    place=50,
)

STACKED_MODES = ProtocolKind(
    name="stacked-modes",
    metrics=METRICS,
    sources=frozenset({"stacked-digits"}),
    notes=(
        ("Network", "the classifier of digit-modes, on each of the three channels"),
        ("Input", "The three digits of an image make one of 1,000 classes (Metz et al. 2017, arXiv 1611.02163)."),
        ("Samples and reference", COUNTED),
    ),
    evaluator="vigan.evaluation.digit_modes:StackedModes",
    libraries=("scikit-learn",),
    compares=False,
    place=50,
)
