"""Distances and neighbourhoods in the features of a network."""

from __future__ import annotations

from typing import Any

import numpy as np

from vigan.evaluation.base import Arrays, Evaluator, Measure, Subject
from vigan.features.base import Extractor
from vigan.features.extractors import make_extractor
from vigan.metrics.protocols import ARRAYS, Reference, feature_metrics


class FeatureMetrics(Evaluator):
    """`feature_metrics` of images in the features of an extractor."""

    def __init__(self, extractor: Extractor) -> None:
        self.extractor = extractor

    def key(self) -> dict[str, str]:
        """The network, its weights, and the names of the arrays."""
        extractor = self.extractor
        return {"extractor": extractor.name, "weights_sha256": extractor.weights_sha256, "arrays": " ".join(ARRAYS)}

    def reference_arrays(self, reals: np.ndarray) -> dict[str, Any]:
        """Features of the reals and what `Reference` computes once."""
        return Reference(self.extractor(reals)).arrays()

    def measure(self, arrays: Arrays) -> Measure:
        """`feature_metrics` of images."""
        real = Reference.restore(arrays)
        return lambda samples: feature_metrics(real, self.extractor(samples))


def of_kind(subject: Subject) -> FeatureMetrics:
    """The evaluator of a kind that is named after its extractor."""
    return FeatureMetrics(make_extractor(subject.kind.name, subject.device))
