"""How each protocol turns samples into numbers: where an extractor and its estimators meet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vigan import rng
from vigan.config.datasets import Dataset, Grid, Ring
from vigan.config.study import Protocol
from vigan.data.store import Prepared
from vigan.data.toy import means
from vigan.features.digits import DigitClassifier
from vigan.features.efflite import EffLite0
from vigan.metrics.modes import class_modes, toy_modes
from vigan.metrics.protocols import Reference, feature_metrics
from vigan.records import RecordError, atomic_write

Ruler = Callable[[np.ndarray], dict[str, float]]
"""Maps samples (uint8 NCHW images or float32 points) to named numbers."""

DIGITS = 10


class RealSamples(NamedTuple):
    """Two disjoint random samples of the real data: the reference, and a second one whose score is the floor."""

    reference: np.ndarray
    second: np.ndarray


def draw_reals(prepared: Prepared, count: int) -> RealSamples:
    """Two disjoint samples of `count`, the same for every study. Raises RecordError if there are too few examples."""
    if len(prepared.array) < 2 * count:
        raise RecordError(
            f"{len(prepared.array)} examples are too few for a protocol of n={count}: "
            f"its reference and floor take {2 * count}; ask for at most {len(prepared.array) // 2} samples"
        )
    order = rng.generator(0, "metric", "reals").permutation(len(prepared.array))
    return RealSamples(prepared.array[np.sort(order[:count])], prepared.array[np.sort(order[count : 2 * count])])


def make_reference(protocol: Protocol, dataset: Dataset, prepared: Prepared, device: str, path: Path) -> dict[str, float]:
    """Write what `protocol` keeps of the real data to `path` (npz) and return its values on real data, the floor."""
    reals = draw_reals(prepared, protocol.samples)
    kept = {}
    if protocol.kind == "efflite0-128":
        kept["features"] = EffLite0(device)(reals.reference)
    with atomic_write(path) as stream:
        np.savez(stream, **kept)
    return ruler(protocol, dataset, prepared, device, path)(reals.second)


def ruler(protocol: Protocol, dataset: Dataset, prepared: Prepared, device: str, reference: Path) -> Ruler:
    """The measurement a protocol stands for, ready for any number of snapshots."""
    if protocol.kind == "toy-modes":
        assert isinstance(dataset, Ring | Grid)
        centres = means(dataset)
        return lambda samples: toy_modes(samples, centres, dataset.std)
    if protocol.kind == "digit-modes":
        return _digit_modes(prepared)
    with np.load(reference) as archive:
        real, extractor = Reference(archive["features"]), EffLite0(device)
    return lambda samples: feature_metrics(real, extractor(samples))


def _digit_modes(prepared: Prepared) -> Ruler:
    if prepared.labels is None:
        raise RecordError("digit modes need a data set with labels")
    classifier = DigitClassifier.fit(np.asarray(prepared.array), prepared.labels)

    def measure(samples: np.ndarray) -> dict[str, float]:
        modes = class_modes(classifier.predict(samples), DIGITS)
        return {**modes, "classifier_accuracy": classifier.test_accuracy}

    return measure
