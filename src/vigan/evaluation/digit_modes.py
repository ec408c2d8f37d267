"""Modes of digits, and of triples of digits, by a classifier fitted to the data set's own labels."""

from __future__ import annotations

import numpy as np

from vigan.config.datasets import Digits, StackedDigits, key
from vigan.data.store import REMEDY
from vigan.evaluation.base import Arrays, Evaluator, Measure, Subject
from vigan.features.digit_classifier import DigitClassifier
from vigan.io.files import RecordError
from vigan.metrics.modes import class_modes, stacked_modes
from vigan.runtime.settings import in_storage

DIGITS = 10


class DigitModes(Evaluator):
    """`class_modes` of digits, and the classifier's accuracy."""

    def __init__(self, subject: Subject) -> None:
        """Raises RecordError if the data set has no labels."""
        assert isinstance(subject.dataset, Digits)
        self.classifier = DigitClassifier.fit(*_labelled(subject), subject.dataset.origin)

    def measure(self, arrays: Arrays) -> Measure:  # noqa: ARG002
        """`class_modes` of images (n, 1, side, side)."""
        return lambda samples: {
            **class_modes(self.classifier.predict(samples), DIGITS),
            "classifier_accuracy": self.classifier.test_accuracy,
        }


class StackedModes(Evaluator):
    """`stacked_modes` of triples of digits, and the classifier's accuracy."""

    def __init__(self, subject: Subject) -> None:
        """Raises RecordError if the data set has no labels."""
        assert isinstance(subject.dataset, StackedDigits)
        self.classifier = DigitClassifier.fit_triples(*_labelled(subject), subject.dataset.origin)

    def measure(self, arrays: Arrays) -> Measure:  # noqa: ARG002
        """`stacked_modes` of images (n, 3, side, side)."""
        return lambda samples: {
            **stacked_modes(self.classifier.predict_triples(samples)),
            "classifier_accuracy": self.classifier.test_accuracy,
        }


def _labelled(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels."""
    images, labels = subject.prepared.array, subject.prepared.labels
    if labels is None:
        why = "which no storage carries" if in_storage() else f"and it was prepared without; {REMEDY}"
        raise RecordError(f"{key(subject.dataset)}: digit modes need labels, {why}")
    return np.asarray(images), labels
