"""Distances and neighbourhoods in the features of a network."""

from __future__ import annotations

import pkgutil
from abc import abstractmethod
from typing import Any

import numpy as np

from vigan.evaluation.base import Arrays, Evaluator, Measure, Subject, named
from vigan.features.base import Extractor
from vigan.features.extractors import make_extractor
from vigan.metrics.protocols import ARRAYS, Reference, feature_metrics
from vigan.protocols.base import ProtocolKind


class _OfFeatures(Evaluator):
    """Numbers of two sets of features of an extractor."""

    extractor: Extractor

    @abstractmethod
    def compared(self, real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
        """The numbers of features, each (n, d)."""

    def left_out(
        self,
        reals: np.ndarray,  # noqa: ARG002
        arrays: Arrays,
        rows: np.ndarray,
        others: np.ndarray,
    ) -> dict[str, float]:
        """As in `Evaluator`, from features: no image of the reference is looked at again."""
        features = arrays["features"]
        more = [self.extractor(others)] if len(others) else []
        return self.compared(np.delete(features, rows, axis=0), np.concatenate([features[rows], *more]))


class FeatureMetrics(_OfFeatures):
    """`feature_metrics` of images in the features of an extractor, `samples` of them if not as many as reals."""

    def __init__(self, extractor: Extractor, samples: int | None = None) -> None:
        self.extractor, self.samples = extractor, samples

    def key(self) -> dict[str, str]:
        """The network, its weights, and the names of the arrays."""
        extractor = self.extractor
        return {"extractor": extractor.name, "weights_sha256": extractor.weights_sha256, "arrays": " ".join(ARRAYS)}

    def reference_arrays(self, reals: np.ndarray) -> dict[str, Any]:
        """Features of the reals and what `Reference` computes once."""
        return Reference(self.extractor(reals)).arrays(self.samples)

    def compared(self, real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
        """`feature_metrics`."""
        return feature_metrics(Reference(real), fake)

    def measure(self, arrays: Arrays) -> Measure:
        """`feature_metrics` of images."""
        real = Reference.restore(arrays, self.samples)
        return lambda samples: feature_metrics(real, self.extractor(samples))


class FeatureEstimator(_OfFeatures):
    """The numbers of a kind that are a function of two sets of features."""

    def __init__(self, extractor: Extractor, kind: ProtocolKind) -> None:
        self.extractor, self.kind = extractor, kind

    def key(self) -> dict[str, str]:
        """Which network, with which weights."""
        return {"extractor": self.extractor.name, "weights_sha256": self.extractor.weights_sha256}

    def reference_arrays(self, reals: np.ndarray) -> dict[str, np.ndarray]:
        """Features of the reals."""
        return {"features": self.extractor(reals)}

    def compared(self, real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
        """The estimator's numbers."""
        return estimate(self.kind, real, fake)

    def measure(self, arrays: Arrays) -> Measure:
        """The estimator's numbers."""
        return lambda samples: self.compared(arrays["features"], self.extractor(samples))


def estimate(kind: ProtocolKind, real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    """The numbers that a kind's `of_features` gives. Raises MetricError on bad input."""
    assert kind.of_features is not None
    return named(kind, pkgutil.resolve_name(kind.of_features)(real, fake))


def of_kind(subject: Subject) -> FeatureMetrics:
    """The evaluator of a kind that is named after its extractor and gives every feature metric."""
    return FeatureMetrics(make_extractor(subject.kind.name, subject.device), subject.samples)


def by_estimator(subject: Subject) -> FeatureEstimator:
    """The evaluator of a kind that gives the numbers of its `of_features`."""
    return FeatureEstimator(make_extractor(subject.kind.network, subject.device), subject.kind)
