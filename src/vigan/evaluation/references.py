"""Reference arrays of a protocol, computed once from real data, and the measurement of snapshots against them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from vigan import rng
from vigan.config.datasets import Dataset
from vigan.config.experiment import Protocol
from vigan.data.store import Prepared
from vigan.evaluation.base import Evaluator, Measure, Subject, make_evaluator
from vigan.evaluation.cache import Key, load, save
from vigan.evaluation.code import protocol_code, protocol_versions
from vigan.io.files import RecordError
from vigan.runtime.settings import in_storage


class Measurement(NamedTuple):
    """A protocol, ready for any number of snapshots.

    `measure` turns samples into numbers, or, where there are `reals`, their decoded codes in the same order; or D's
    logits of them, where they are two samples: of training examples and of held-out ones.
    """

    measure: Measure
    reals: np.ndarray | None


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
    """Write the reference arrays of `protocol` to `path` (npz) and return its values on real data, the floor.

    Where samples are compared with a real one, the floor is another real sample compared with it, or, one by one,
    that sample itself. Where too few others are not in the reference, the missing ones are left out of it for that.
    What D says has none.
    """
    kind = protocol.definition
    evaluator = make_evaluator(Subject(kind, dataset, prepared, device, _samples(protocol)))
    if kind.input == "judged":
        save(path, _key(protocol, prepared, evaluator), {})
        return {}
    if protocol.reference:
        return _against_many(protocol, prepared, evaluator, path)
    reference, *others = draw_reals(prepared, protocol.samples, samples=kind.real_samples)
    arrays = evaluator.reference_arrays(reference) if kind.compares else {}
    save(path, _key(protocol, prepared, evaluator), arrays)
    return evaluator.measure(arrays)(others[0] if others else reference)


def _against_many(protocol: Protocol, prepared: Prepared, evaluator: Evaluator, path: Path) -> dict[str, float]:
    total, n = len(prepared.array), protocol.samples
    count = total if protocol.reference == "all" else protocol.reference or n
    if total < max(count, 2 * n):
        raise RecordError(f"{total} examples are too few for '{protocol.name}', which takes {max(count, 2 * n)}")
    order = rng.generator(0, "metric", "reals").permutation(total)
    chosen = np.sort(order[:count])
    reals = prepared.array if count == total else prepared.array[chosen]
    arrays = evaluator.reference_arrays(reals)
    save(path, _key(protocol, prepared, evaluator), arrays)
    others, missing = order[count : count + n], max(0, count + n - total)
    sample = prepared.array[np.sort(others)]
    if not missing:
        return evaluator.measure(arrays)(sample)
    return evaluator.left_out(reals, arrays, np.searchsorted(chosen, np.sort(order[:missing])), sample)


def _samples(protocol: Protocol) -> int | None:
    return protocol.samples if protocol.reference else None


def measurement(protocol: Protocol, dataset: Dataset, prepared: Prepared, device: str, reference: Path) -> Measurement:
    """A protocol's measurement of snapshots.

    Raises RecordError if `reference` was made from other data, with another extractor, at another sample count, by
    other code or with other versions of the libraries that measure.
    """
    kind = protocol.definition
    evaluator = make_evaluator(Subject(kind, dataset, prepared, device, _samples(protocol)))
    arrays = load(reference, _key(protocol, prepared, evaluator)) if kind.compares else {}
    reals = arrays["reals"] if kind.input == "decoded" else None
    return Measurement(evaluator.measure(arrays), _judged(prepared, protocol) if kind.input == "judged" else reals)


def _judged(prepared: Prepared, protocol: Protocol) -> np.ndarray:
    """Training examples and held-out ones, (2, n, ...), the same for every study; in a random order, as in training."""
    held_out = np.empty((0,)) if prepared.held_out is None else prepared.held_out
    if prepared.held_out is None and in_storage():
        raise RecordError(f"'{protocol.name}' takes held-out examples, which no storage carries")
    if len(held_out) < protocol.samples:
        raise RecordError(
            f"'{protocol.name}' takes {protocol.samples} held-out examples, and {len(held_out)} are there; delete the "
            "data set's folder and run `vigan prepare` again"
        )
    draws = rng.generator(0, "metric", "judged")
    return np.stack([some[draws.permutation(len(some))[: protocol.samples]] for some in (prepared.array, held_out)])


def made_from(protocol: Protocol, prepared: Prepared) -> dict[str, str]:
    """What decides the value of real data by a protocol, but for the versions of libraries."""
    code = protocol_code("reference", [protocol])
    return {"data_sha256": prepared.fingerprint, "protocol": protocol.name, "code_sha256": code}


def _key(protocol: Protocol, prepared: Prepared, evaluator: Evaluator) -> Key:
    return {**made_from(protocol, prepared), **evaluator.key(), **protocol_versions(protocol)}
