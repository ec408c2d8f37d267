"""What a protocol keeps of the real data, computed once, and the ruler that measures snapshots with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vigan import rng
from vigan.config.datasets import Dataset
from vigan.config.experiment import Protocol
from vigan.data.store import Prepared
from vigan.evaluation.cache import Key, load, save
from vigan.evaluation.protocols import Instrument, Ruler, make_instrument
from vigan.io.files import RecordError


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

    Where fakes are compared with a real sample, the floor is another real sample compared with it, or, one by one,
    that sample itself.
    """
    instrument = make_instrument(protocol.kind, dataset, prepared, device)
    reference, *others = draw_reals(prepared, protocol.samples, samples=protocol.real_samples)
    kept = instrument.keep(reference)
    save(path, _key(protocol, prepared, instrument), kept)
    return instrument.ruler(kept)(others[0] if others else reference)


def ruler(protocol: Protocol, dataset: Dataset, prepared: Prepared, device: str, reference: Path) -> Ruler:
    """The measurement a protocol stands for, ready for any number of snapshots.

    Raises RecordError if `reference` was made from other data, with another extractor or at another sample count.
    """
    instrument = make_instrument(protocol.kind, dataset, prepared, device)
    if not instrument.compares:
        return instrument.ruler({})
    return instrument.ruler(load(reference, _key(protocol, prepared, instrument)))


def _key(protocol: Protocol, prepared: Prepared, instrument: Instrument) -> Key:
    return {"data_sha256": prepared.fingerprint, "protocol": protocol.name, **instrument.key()}
