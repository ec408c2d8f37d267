"""The kinds of measurement: what each keeps of real data, and how it turns samples into numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vigan import rng
from vigan.config.datasets import Dataset, Digits, Grid, Origin, Ring, StackedDigits
from vigan.data.store import Prepared
from vigan.data.toy import means
from vigan.features.base import Extractor
from vigan.features.digit_classifier import DigitClassifier
from vigan.features.extractors import make_extractor
from vigan.io.files import RecordError
from vigan.metrics.bins import Bins
from vigan.metrics.modes import class_modes, stacked_modes, toy_modes
from vigan.metrics.protocols import ARRAYS, Reference, feature_metrics
from vigan.metrics.reconstruction import squared_error

Arrays = Mapping[str, np.ndarray]
Ruler = Callable[[np.ndarray], dict[str, float]]
"""Maps samples (uint8 NCHW images or float32 points) to named numbers."""

DIGITS = 10
BIN_SIDE = 32


class Instrument(ABC):
    """One kind of measurement. `compares`: whether fakes are compared with a sample of reals, which `keep` is given."""

    compares = False

    def key(self) -> dict[str, str]:
        """What else than data and sample count its arrays depend on."""
        return {}

    def keep(self, reals: np.ndarray) -> dict[str, np.ndarray]:  # noqa: ARG002
        """Arrays computed once from a sample of real examples."""
        return {}

    @abstractmethod
    def ruler(self, kept: Arrays) -> Ruler:
        """The measurement, ready for any number of snapshots."""


class Modes(Instrument):
    """Gaussians found, on the ring and the grid."""

    def __init__(self, dataset: Ring | Grid) -> None:
        self.centres, self.std = means(dataset), dataset.std

    def ruler(self, kept: Arrays) -> Ruler:  # noqa: ARG002
        """`vigan.metrics.modes.toy_modes` of points."""
        return lambda samples: toy_modes(samples, self.centres, self.std)


class DigitModes(Instrument):
    """Digits found by a classifier fitted to the data set's own labels."""

    def __init__(self, dataset: Digits, prepared: Prepared) -> None:
        self.origin: Origin = dataset.origin
        self.prepared = prepared

    def ruler(self, kept: Arrays) -> Ruler:  # noqa: ARG002
        """`class_modes` of digits. Raises RecordError if the data set has no labels."""
        array, labels = _labelled(self.prepared)
        classifier = DigitClassifier.fit(array, labels, self.origin)

        def measure(samples: np.ndarray) -> dict[str, float]:
            modes = class_modes(classifier.predict(samples), DIGITS)
            return {**modes, "classifier_accuracy": classifier.test_accuracy}

        return measure


class StackedModes(Instrument):
    """Triples of digits found by a classifier fitted to the data set's own labels."""

    def __init__(self, dataset: StackedDigits, prepared: Prepared) -> None:
        self.origin: Origin = dataset.origin
        self.prepared = prepared

    def ruler(self, kept: Arrays) -> Ruler:  # noqa: ARG002
        """`stacked_modes` of channels. Raises RecordError if the data set has no labels."""
        array, labels = _labelled(self.prepared)
        classifier = DigitClassifier.fit_triples(array, labels, self.origin)

        def measure(samples: np.ndarray) -> dict[str, float]:
            modes = stacked_modes(classifier.predict_triples(samples))
            return {**modes, "classifier_accuracy": classifier.test_accuracy}

        return measure


class PixelBins(Instrument):
    """Bins of real images that get too many or too few fakes, on pixels averaged down to a side of 32."""

    compares = True

    def keep(self, reals: np.ndarray) -> dict[str, np.ndarray]:
        """The bins of the reals and how many fall into each."""
        return Bins.fit(_pixels(reals), rng.generator(0, "metric", "bins")).arrays()

    def ruler(self, kept: Arrays) -> Ruler:
        """`ndb` and `jsd` of images."""
        bins = Bins.restore(kept)
        return lambda samples: bins.compare(_pixels(samples))


class FeatureMetrics(Instrument):
    """Distances and neighbourhoods in the features of a network."""

    compares = True

    def __init__(self, extractor: Extractor) -> None:
        self.extractor = extractor

    def key(self) -> dict[str, str]:
        """Which network, with which weights, and what is kept of it."""
        extractor = self.extractor
        return {"extractor": extractor.name, "weights_sha256": extractor.weights_sha256, "arrays": " ".join(ARRAYS)}

    def keep(self, reals: np.ndarray) -> dict[str, Any]:
        """Features of the reals and what `Reference` computes once."""
        return Reference(self.extractor(reals)).arrays()

    def ruler(self, kept: Arrays) -> Ruler:
        """`feature_metrics` of images."""
        real = Reference.restore(kept)
        return lambda samples: feature_metrics(real, self.extractor(samples))


class Reconstruction(Instrument):
    """Real examples beside their decoded codes."""

    compares = True

    def keep(self, reals: np.ndarray) -> dict[str, np.ndarray]:
        """The examples."""
        return {"reals": reals}

    def ruler(self, kept: Arrays) -> Ruler:
        """`reconstruction_error` of decoded codes."""
        return OfDecoded(kept["reals"])


class OfDecoded:
    """A ruler of G(E(x)) for its own `reals` (n, ...), in their order, and not of samples."""

    def __init__(self, reals: np.ndarray) -> None:
        self.reals = reals

    def __call__(self, decoded: np.ndarray) -> dict[str, float]:
        """`reconstruction_error` of what the networks make, or of examples as they are stored."""
        return {"reconstruction_error": squared_error(_unrounded(self.reals), _unrounded(decoded))}


def _unrounded(examples: np.ndarray) -> np.ndarray:
    """Stored images as networks take them, in [-1, 1]; anything else as it is."""
    return examples / 127.5 - 1 if examples.dtype == np.uint8 else examples


def _labelled(prepared: Prepared) -> tuple[np.ndarray, np.ndarray]:
    if prepared.labels is None:
        raise RecordError("digit modes need a data set with labels")
    return np.asarray(prepared.array), prepared.labels


def _pixels(images: np.ndarray) -> np.ndarray:
    """Pixels (n, d) of images (n, C, side, side), averaged over squares where the side is a multiple of 32."""
    n, channels, side, _ = images.shape
    step = max(1, side // BIN_SIDE)
    blocks = images.reshape(n, channels, side // step, step, side // step, step)
    return blocks.mean(axis=(3, 5)).reshape(n, -1)


def make_instrument(kind: str, dataset: Dataset, prepared: Prepared, device: str) -> Instrument:
    """The instrument of a protocol's kind; a kind without one of its own is an extractor's name."""
    match kind:
        case "toy-modes":
            assert isinstance(dataset, Ring | Grid)
            return Modes(dataset)
        case "digit-modes":
            assert isinstance(dataset, Digits)
            return DigitModes(dataset, prepared)
        case "stacked-modes":
            assert isinstance(dataset, StackedDigits)
            return StackedModes(dataset, prepared)
        case "pixel-bins-32":
            return PixelBins()
        case "reconstruction":
            return Reconstruction()
        case _:
            return FeatureMetrics(make_extractor(kind, device))
