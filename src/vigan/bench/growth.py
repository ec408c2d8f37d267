"""How the cost of an iteration and of a measurement grows with the settings of a study."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from vigan.bench.record import Measurement, processor
from vigan.config.arms import Arm, Dcgan, Mlp, RunSpec
from vigan.config.datasets import CelebA, Ring
from vigan.config.experiment import Protocol
from vigan.tools.estimate import iteration_seconds, protocol_seconds

FACES, RING = CelebA(source="celeba"), Ring(source="ring")
ROUNDS = {False: 5, True: 1}
DCGAN = {"dim": 16, "batch_size": 64, "updates_per_batch": 2}
SWEEPS: dict[str, Sequence[int]] = {
    "dim": (8, 16, 32, 64),
    "batch_size": (16, 32, 64, 128),
    "updates_per_batch": (1, 2, 5, 10),
}
SAMPLES = (256, 512, 1024, 2048, 4096)


def measure(quick: bool) -> Measurement:
    """Seconds of an iteration of experiment 1 against dim, batch and K, of the ring against K, of a snapshot against n.

    Seeds and snapshots are repetitions of runs and measurements: their cost is proportional by construction. The
    summary holds the exponent of the steepest growth between neighbouring settings of each sweep.
    """
    torch.set_num_threads(2)
    rows = [row for _ in range(ROUNDS[quick]) for row in _round(quick)]
    middle = _medians(rows)
    sweeps = {name: list(values) for name, values in SWEEPS.items()}
    settings = {"threads": 2, "rounds": ROUNDS[quick], "dcgan": DCGAN, "sweeps": sweeps}
    slopes = {name: _steepest(curve) for name, curve in middle.items()}
    return Measurement(processor(), settings, slopes, {"seconds": middle})


def _round(quick: bool) -> Iterator[dict[str, Any]]:
    """Every setting of every sweep, once."""
    for name, values in SWEEPS.items():
        for value in values:
            yield _row(f"dcgan {name}", value, _dcgan(**{**DCGAN, name: value}))
    for k in SWEEPS["updates_per_batch"]:
        yield _row("ring updates_per_batch", k, _ring(k))
    if not quick:
        yield from (_snapshot(n) for n in SAMPLES)


def _dcgan(dim: int, batch_size: int, updates_per_batch: int) -> RunSpec:
    network = Dcgan(kind="dcgan", dim=dim, batch_norm=True)
    arm = Arm(
        network=network, reading="proximal", d_batches=1, g_batches=1, updates_per_batch=updates_per_batch,
        batch_size=batch_size, lambda_mean=5.0,
    )  # fmt: skip
    return RunSpec(name="dcgan", arm=arm, dataset=FACES, seed=0, iterations=1, snapshots=(0, 1), log_every=1)


def _ring(k: int) -> RunSpec:
    arm = Arm(
        network=Mlp(kind="mlp"), reading="proximal", d_batches=1, g_batches=1, updates_per_batch=k, batch_size=256,
        lambda_sum=1.0,
    )  # fmt: skip
    return RunSpec(name="ring", arm=arm, dataset=RING, seed=0, iterations=1, snapshots=(0, 1), log_every=1)


def _row(sweep: str, setting: int, spec: RunSpec) -> dict[str, Any]:
    return {"sweep": sweep, "setting": setting, "seconds": iteration_seconds(spec, "cpu")}


def _snapshot(n: int) -> dict[str, Any]:
    protocol = Protocol(kind="efflite0-128", samples=n)
    return {"sweep": "snapshot samples", "setting": n, "seconds": protocol_seconds(protocol, FACES, "cpu").whole}


def _medians(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        found.setdefault(row["sweep"], {}).setdefault(str(row["setting"]), []).append(row["seconds"])
    return {sweep: {at: statistics.median(times) for at, times in curve.items()} for sweep, curve in found.items()}


def _steepest(curve: Mapping[str, float]) -> float:
    """Largest slope on a double logarithmic scale: 1 where the cost is proportional."""
    settings, seconds = np.log([float(at) for at in curve]), np.log(list(curve.values()))
    return round(float((np.diff(seconds) / np.diff(settings)).max()), 2)
