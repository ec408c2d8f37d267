"""Speed of the engine that trains, against the textbook loop, on three of the games that are studied."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

import torch

from vigan.bench.baseline import Textbook
from vigan.bench.fixtures import batches, engine
from vigan.bench.gpu import measure_gpu
from vigan.bench.record import Measurement, processor
from vigan.bench.timing import Clock, gains, interleaved
from vigan.config.arms import Arm
from vigan.training.batches import Batches
from vigan.training.engine import Engine

_DCGAN = {"reading": "released", "d_batches": 1, "g_batches": 1, "batch_size": 64, "lambda_mean": 5.0}
_RING = {**_DCGAN, "batch_size": 256, "lambda_mean": None, "lambda_sum": 1.0, "optimiser": {"lr": 1e-3}}


class Workload(NamedTuple):
    """An arm, the shape of its examples, the CPU threads it is measured on, iterations a call, calls of each path."""

    arm: dict[str, Any]
    shape: tuple[int, ...]
    threads: int
    repeats: int
    rounds: int


WORKLOADS = {
    "paper": Workload({**_DCGAN, "network": {"kind": "dcgan", "dim": 64, "batch_norm": True}}, (3, 64, 64), 2, 1, 9),
    "digits": Workload({**_DCGAN, "network": {"kind": "dcgan", "dim": 8, "batch_norm": True}}, (1, 32, 32), 2, 5, 15),
    "ring": Workload({**_RING, "network": {"kind": "mlp"}}, (2,), 1, 50, 25),
}
QUICK_ROUNDS = 3


def measure(quick: bool, *, threads: int | None = None, clock: Clock = time.perf_counter) -> Measurement:
    """Milliseconds of the textbook's iteration and what each path of ours gains, by game.

    `threads` stands for each game's own number. A CUDA GPU, where there is one, is measured too.
    """
    workloads = {
        name: workload._replace(threads=threads or workload.threads, rounds=QUICK_ROUNDS if quick else workload.rounds)
        for name, workload in WORKLOADS.items()
    }
    seconds = {name: _seconds(workload, clock) for name, workload in workloads.items()}
    settings = {"clock": clock.__name__, **{name: workload._asdict() for name, workload in workloads.items()}}
    summary = {name: summarise(values) for name, values in seconds.items()}
    if not torch.cuda.is_available():
        return Measurement(processor(), settings, summary, seconds)
    gpu = measure_gpu(
        WORKLOADS["paper"].arm, WORKLOADS["paper"].shape, WORKLOADS["ring"].arm, iterations=20 if quick else 200
    )
    return Measurement(
        f"{gpu.device}, {processor()}", {**settings, "gpu": gpu.settings}, {**summary, "gpu": gpu.summary},
        {**seconds, "gpu": gpu.details},
    )  # fmt: skip


def summarise(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """`textbook_ms` (median) and, for every other path, `PATH_ratio`: the textbook's time over the path's."""
    ratios = {f"{name}_ratio": round(value, 3) for name, value in gains(seconds, over="textbook").items()}
    return {"textbook_ms": round(1e3 * median(seconds["textbook"]), 3), **ratios}


def _seconds(workload: Workload, clock: Clock) -> dict[str, list[float]]:
    """Seconds of one iteration, by path."""
    before = torch.get_num_threads()
    torch.set_num_threads(workload.threads)
    given = batches(workload.arm, workload.shape)
    paths = {name: _repeated(iterate, given, workload.repeats) for name, iterate in _paths(workload).items()}
    found = interleaved(paths, workload.rounds, clock)
    torch.set_num_threads(before)
    return {name: [value / workload.repeats for value in values] for name, values in found.items()}


def _paths(workload: Workload) -> dict[str, Callable[[Batches], None]]:
    arm = Arm.model_validate(workload.arm)
    paths: dict[str, Textbook | Engine] = {"textbook": Textbook(arm, workload.shape)}
    for precision in ("float32", "bf16"):
        paths[precision] = engine(workload.arm, workload.shape, precision)
    if len(workload.shape) == 3:
        paths["textbook_with_torch_padding"] = Textbook(arm, workload.shape, same=False)
    return {name: path.iterate for name, path in paths.items()}


def _repeated(iterate: Callable[[Batches], None], given: Batches, repeats: int) -> Callable[[], None]:
    def call() -> None:
        for _ in range(repeats):
            iterate(given)

    return call
