"""How each protocol turns samples into numbers: where an extractor and its estimators meet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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


def draw_reals(prepared: Prepared, count: int, *, samples: int) -> list[np.ndarray]:
    """`samples` disjoint random samples of `count` real examples, the same for every study.

    Raises RecordError if there are too few examples.
    """
    needed = samples * count
    if len(prepared.array) < needed:
        raise RecordError(
            f"{len(prepared.array)} examples are too few for a protocol of n={count}, which takes {needed}: "
            f"ask for at most {len(prepared.array) // samples} samples"
        )
    order = rng.generator(0, "metric", "reals").permutation(len(prepared.array))[:needed]
    return [prepared.array[np.sort(part)] for part in order.reshape(samples, count)]


def make_reference(
    protocol: Protocol, dataset: Dataset, prepared: Prepared, device: str, path: Path
) -> dict[str, float]:
    """Write what `protocol` keeps of the real data to `path` (npz) and return its values on real data, the floor.

    Where fakes are compared with a real sample, the floor is another real sample compared with it.
    """
    kept = {}
    if protocol.kind == "efflite0-128":
        reference, measured = draw_reals(prepared, protocol.samples, samples=2)
        kept["features"] = EffLite0(device)(reference)
    else:
        (measured,) = draw_reals(prepared, protocol.samples, samples=1)
    with atomic_write(path) as stream:
        np.savez(stream, data_sha256=np.array(prepared.fingerprint), **kept)
    return ruler(protocol, dataset, prepared, device, path)(measured)


def ruler(protocol: Protocol, dataset: Dataset, prepared: Prepared, device: str, reference: Path) -> Ruler:
    """The measurement a protocol stands for, ready for any number of snapshots."""
    if protocol.kind == "toy-modes":
        assert isinstance(dataset, Ring | Grid)
        centres = means(dataset)
        return lambda samples: toy_modes(samples, centres, dataset.std)
    if protocol.kind == "digit-modes":
        return _digit_modes(prepared)
    with np.load(reference) as archive:
        if str(archive["data_sha256"]) != prepared.fingerprint:
            raise RecordError(f"{reference}: made from other data; delete it and run the same command again")
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
