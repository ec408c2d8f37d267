"""Speed on a CUDA GPU: eager against captured iterations, several runs at once, many ring seeds in one program."""

from __future__ import annotations

import math
import queue
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any, get_args

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from vigan.bench.ensemble import Ensemble
from vigan.bench.fixtures import batches, engine
from vigan.bench.record import Measurement
from vigan.bench.timing import gains, interleaved, medians
from vigan.config.arms import Arm, Precision, RunSpec
from vigan.config.datasets import Ring
from vigan.training.batches import Batches
from vigan.training.cuda_graph import WARM_UP, CapturedEngine
from vigan.training.engine import Engine

RUNS = (1, 2, 4, 8)
SEEDS = 64
PRODUCT = 8192
Trainer = Engine | CapturedEngine


def measure_gpu(arm: dict[str, Any], shape: tuple[int, ...], ring: dict[str, Any], iterations: int) -> Measurement:
    """Measurements on the first CUDA device: of `arm` on examples of `shape`, and of an ensemble of the arm `ring`."""
    device = torch.device("cuda")
    seconds = by_precision(arm, shape, iterations, device)
    rates = {name: iterations / value for name, value in medians(seconds).items()}
    peak, images = _product_rate(device), _images(Arm.model_validate(arm))
    summary = {
        **{f"{name}_over_eager_float32": round(value, 3) for name, value in gains(seconds, "eager_float32").items()},
        "images_per_second": {name: round(rate * images, 1) for name, rate in rates.items()},
        "share_of_measured_product_peak": round(rates["captured_bf16"] * operations(arm, shape) / peak, 4),
        "peak_memory_bytes": torch.cuda.max_memory_allocated(device),
        "iterations_per_second_by_runs": by_runs(arm, shape, iterations),
        f"ring_rate_of_{SEEDS}_seeds_over_one": _ensemble_gain(ring, device),
    }
    settings = {"arm": arm, "shape": shape, "iterations": iterations, "product": PRODUCT, "ring": ring}
    return Measurement(torch.cuda.get_device_name(device), settings, summary, {"seconds": seconds, "peak": peak})


def by_precision(
    arm: dict[str, Any], shape: tuple[int, ...], iterations: int, device: torch.device, rounds: int = 9
) -> dict[str, list[float]]:
    """Seconds of `iterations` in each precision that the device has, eager and, on CUDA, captured: each `rounds` times.

    On CUDA the peak of memory is counted from here on.
    """
    on_cuda = device.type == "cuda"
    paths: dict[str, Callable[[], None]] = {}
    for precision in get_args(Precision):
        if on_cuda or precision != "tf32":
            paths[f"eager_{precision}"] = _training(engine(arm, shape, precision, device), shape, iterations)
        if on_cuda:
            captured = CapturedEngine(engine(arm, shape, precision, device))
            paths[f"captured_{precision}"] = _training(captured, shape, iterations)
    if on_cuda:
        torch.cuda.reset_peak_memory_stats(device)
    return interleaved(paths, rounds)


def by_runs(arm: dict[str, Any], shape: tuple[int, ...], iterations: int, device: str = "cuda") -> dict[str, Any]:
    """Iterations per second of 1, 2, 4 and 8 processes on one device, or why so many could not be measured."""
    found: dict[str, Any] = {}
    for count in RUNS:
        try:
            found[str(count)] = together(arm, shape, iterations, count, device)
        except WorkerError as error:
            found[str(count)] = f"failed: {error}"
    return found


class WorkerError(RuntimeError):
    """A process that was to be measured ended before it was; the message says how."""


def operations(arm: dict[str, Any], shape: tuple[int, ...]) -> int:
    """Floating-point operations of products and convolutions in one iteration, two for each multiply-add."""
    with FlopCounterMode(display=False) as counter:
        engine(arm, shape, "float32").iterate(batches(arm, shape))
    return counter.get_total_flops()


def together(arm: dict[str, Any], shape: tuple[int, ...], iterations: int, runs: int, device: str = "cuda") -> float:
    """Iterations per second of `runs` processes on one device, all of them together.

    Raises WorkerError as soon as one of them has died: the others would wait for it.
    """
    context = torch.multiprocessing.get_context("spawn")
    start, rates = context.Barrier(runs), context.Queue()
    given = (arm, shape, iterations, start, rates, device)
    workers = [context.Process(target=work, args=given) for _ in range(runs)]
    for worker in workers:
        worker.start()
    try:
        return round(sum(_rate(rates, workers) for _ in workers), 2)
    finally:
        for worker in workers:
            worker.join(timeout=5)  # one that has told its rate is about to end
            worker.kill()


def _rate(rates: Queue[float], workers: Sequence[BaseProcess]) -> float:
    while True:
        try:
            return rates.get(timeout=0.5)
        except queue.Empty:
            for worker in workers:
                if worker.exitcode:
                    raise WorkerError(
                        f"one of {len(workers)} processes ended with exit code {worker.exitcode}"
                    ) from None


def work(
    arm: dict[str, Any],
    shape: tuple[int, ...],
    iterations: int,
    start: Barrier,
    rates: Queue[float],
    name: str = "cuda",
) -> None:
    """Put one run's iterations per second on device `name` into `rates`, started when all others are ready."""
    trainer = engine(arm, shape, "bf16", torch.device(name))
    train = _training(CapturedEngine(trainer) if name == "cuda" else trainer, shape, iterations)
    train()
    start.wait()
    begun = time.perf_counter()
    train()
    rates.put(iterations / (time.perf_counter() - begun))


def _ensemble_gain(ring: dict[str, Any], device: torch.device) -> float:
    """Seed-iterations per second of `SEEDS` seeds in one program, over those of one seed."""
    arm = Arm.model_validate(ring)
    spec = RunSpec(name="ring", arm=arm, dataset=Ring(source="ring"), seed=0, iterations=1, snapshots=(1,), log_every=1)
    points = np.random.default_rng(0).standard_normal((10 * arm.batch_size, 2)).astype(np.float32)
    paths = {}
    for count in (1, SEEDS):
        ensemble = Ensemble(spec, range(count), points, device)
        paths[str(count)] = _repeated(CapturedEngine(ensemble.engine), ensemble.batches(0), 200)
    times = medians(interleaved(paths, rounds=9))
    return round(SEEDS * times["1"] / times[str(SEEDS)], 2)


def _training(trainer: Trainer, shape: tuple[int, ...], iterations: int) -> Callable[[], None]:
    inner = trainer.engine if isinstance(trainer, CapturedEngine) else trainer
    tf32 = inner.arm.precision == "tf32"
    given = batches(inner.arm.model_dump(), shape, inner.parameters["g"][0].device)
    torch.backends.cudnn.deterministic = True  # as all training is
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32  # during capture
    call = _repeated(trainer, given, iterations)

    def train() -> None:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        call()

    return train


def _repeated(trainer: Trainer, given: Batches, iterations: int) -> Callable[[], None]:
    for _ in range(WARM_UP + 1):
        trainer.iterate(given)

    def call() -> None:
        for _ in range(iterations):
            trainer.iterate(given)
        if given.phases["g"][0].z.is_cuda:
            torch.cuda.synchronize()

    return call


def _images(arm: Arm) -> int:
    """Real images shown to D in an iteration."""
    return arm.d_batches * arm.batch_size


def _product_rate(device: torch.device) -> float:
    """Operations per second of a large bf16 matrix product, the best of ten."""
    a = torch.randn((PRODUCT, PRODUCT), device=device, dtype=torch.bfloat16)
    best = math.inf
    for _ in range(10):
        torch.cuda.synchronize()
        begun = time.perf_counter()
        torch.mm(a, a)
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begun)
    return 2 * PRODUCT**3 / best
