"""Digits, and triples of digits, found by a classifier fitted to the data set's own labels."""

from __future__ import annotations

import numpy as np

from vigan.config.datasets import Digits, StackedDigits
from vigan.data.store import Prepared
from vigan.evaluation.base import Arrays, Evaluator, Measure, Subject
from vigan.features.digit_classifier import DigitClassifier
from vigan.io.files import RecordError
from vigan.metrics.modes import class_modes, stacked_modes

DIGITS = 10


class DigitModes(Evaluator):
    """`class_modes` of digits, and how far the classifier is to be trusted."""

    def __init__(self, subject: Subject) -> None:
        """Raises RecordError if the data set has no labels."""
        assert isinstance(subject.dataset, Digits)
        self.classifier = DigitClassifier.fit(*_labelled(subject.prepared), subject.dataset.origin)

    def measure(self, arrays: Arrays) -> Measure:  # noqa: ARG002
        """`class_modes` of images (n, 1, side, side)."""
        return lambda samples: {
            **class_modes(self.classifier.predict(samples), DIGITS),
            "classifier_accuracy": self.classifier.test_accuracy,
        }


class StackedModes(Evaluator):
    """`stacked_modes` of triples of digits, and how far the classifier is to be trusted."""

    def __init__(self, subject: Subject) -> None:
        """Raises RecordError if the data set has no labels."""
        assert isinstance(subject.dataset, StackedDigits)
        self.classifier = DigitClassifier.fit_triples(*_labelled(subject.prepared), subject.dataset.origin)

    def measure(self, arrays: Arrays) -> Measure:  # noqa: ARG002
        """`stacked_modes` of images (n, 3, side, side)."""
        return lambda samples: {
            **stacked_modes(self.classifier.predict_triples(samples)),
            "classifier_accuracy": self.classifier.test_accuracy,
        }


def _labelled(prepared: Prepared) -> tuple[np.ndarray, np.ndarray]:
    if prepared.labels is None:
        raise RecordError("digit modes need a data set with labels")
    return np.asarray(prepared.array), prepared.labels
