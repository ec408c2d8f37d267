"""Measure the real data once per protocol: what snapshots are compared with, and the floor they can reach."""

from __future__ import annotations

from pathlib import Path

import torch

from vigan.config.datasets import Dataset
from vigan.config.experiment import Protocol
from vigan.data.store import load
from vigan.evaluation.products import pairs_on
from vigan.evaluation.references import make_reference
from vigan.io.files import write_json


def reference(protocol: Protocol, dataset: Dataset, data: Path, out: Path, device: str) -> dict[str, float]:
    """Write `out` (npz) and, beside it, a JSON with the floor: the protocol's values for real against real data."""
    prepared = load(data)
    with pairs_on(torch.device(device)):
        floor = make_reference(protocol, dataset, prepared, device, out)
    write_json(
        out.with_suffix(".json"), {"protocol": protocol.name, "data_sha256": prepared.fingerprint, "floor": floor}
    )
    return floor
