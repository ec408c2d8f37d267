"""Speed on a CUDA GPU: eager against recorded iterations, several runs at once, many ring seeds in one program."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from vigan.bench.ensemble import Ensemble
from vigan.bench.fixtures import batches, engine
from vigan.bench.record import Measurement
from vigan.bench.timing import gains, interleaved, medians
from vigan.config.arms import Arm, RunSpec
from vigan.config.datasets import Ring
from vigan.training.batches import Batches
from vigan.training.cuda_graph import WARM_UP, CapturedEngine
from vigan.training.engine import Engine

RUNS = (1, 2, 4, 8)
SEEDS = 64
PRODUCT = 8192
Trainer = Engine | CapturedEngine


def measure_gpu(arm: dict[str, Any], shape: tuple[int, ...], ring: dict[str, Any], iterations: int) -> Measurement:
    """Figures of the first CUDA device: of `arm` on examples of `shape`, and of an ensemble of the arm `ring`."""
    device = torch.device("cuda")
    paths = {
        "eager_bf16": _training(engine(arm, shape, "bf16", device), shape, iterations),
        "bf16": _training(CapturedEngine(engine(arm, shape, "bf16", device)), shape, iterations),
        "tf32": _training(CapturedEngine(engine(arm, shape, "tf32", device)), shape, iterations),
    }
    torch.cuda.reset_peak_memory_stats(device)
    seconds = interleaved(paths, rounds=9)
    rate = iterations / medians(seconds)["bf16"]
    peak = _product_rate(device)
    summary = {
        **{f"{name}_over_eager": round(value, 3) for name, value in gains(seconds, over="eager_bf16").items()},
        "images_per_second": round(rate * _images(Arm.model_validate(arm))),
        "share_of_measured_product_peak": round(rate * operations(arm, shape) / peak, 4),
        "peak_memory_bytes": torch.cuda.max_memory_allocated(device),
        "iterations_per_second_by_runs": {str(count): together(arm, shape, iterations, count) for count in RUNS},
        f"ring_rate_of_{SEEDS}_seeds_over_one": _ensemble_gain(ring, device),
    }
    settings = {"arm": arm, "shape": shape, "iterations": iterations, "product": PRODUCT, "ring": ring}
    return Measurement(torch.cuda.get_device_name(device), settings, summary, {"seconds": seconds, "peak": peak})


def operations(arm: dict[str, Any], shape: tuple[int, ...]) -> int:
    """Floating-point operations of products and convolutions in one iteration, two for each multiply-add."""
    with FlopCounterMode(display=False) as counter:
        engine(arm, shape, "float32").iterate(batches(arm, shape))
    return counter.get_total_flops()


def together(arm: dict[str, Any], shape: tuple[int, ...], iterations: int, runs: int) -> float:
    """Iterations per second of `runs` processes on one device, all of them together."""
    context = torch.multiprocessing.get_context("spawn")
    start, rates = context.Barrier(runs), context.Queue()
    workers = [context.Process(target=work, args=(arm, shape, iterations, start, rates)) for _ in range(runs)]
    for worker in workers:
        worker.start()
    total = sum(rates.get(timeout=600) for _ in workers)
    for worker in workers:
        worker.join()
    return round(total, 2)


def work(
    arm: dict[str, Any],
    shape: tuple[int, ...],
    iterations: int,
    start: Barrier,
    rates: Queue[float],
    name: str = "cuda",
) -> None:
    """Put one run's iterations per second on `name` into `rates`, begun when all others are ready to begin."""
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
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32  # while it is recorded
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
