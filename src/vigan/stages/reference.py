"""Measure the real data once per protocol: reference arrays for snapshots, and the floor."""

from __future__ import annotations

from pathlib import Path

import torch

from vigan.config.datasets import Dataset
from vigan.config.experiment import Protocol
from vigan.data.store import load
from vigan.evaluation.code import protocol_versions
from vigan.evaluation.products import pairs_on
from vigan.evaluation.references import made_from, make_reference
from vigan.io.files import write_json
from vigan.io.stamp import sealed
from vigan.training.device import in_float32


def reference(protocol: Protocol, dataset: Dataset, data: Path, out: Path, device: str) -> dict[str, float]:
    """Write `out` (npz) and, beside it, a JSON with the floor: the protocol's values for real against real data.

    Raises RecordError if the data set is damaged.
    """
    in_float32()  # what trained in this process before may have left another precision
    prepared = load(data, verify=True)
    # Before it is measured: files of code may be edited meanwhile, and libraries replaced.
    origin = {**made_from(protocol, prepared), "versions": protocol_versions(protocol)}
    with pairs_on(torch.device(device)):
        floor = make_reference(protocol, dataset, prepared, device, out)
    write_json(out.with_suffix(".json"), sealed({**origin, "floor": floor}))
    return floor
