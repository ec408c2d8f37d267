from __future__ import annotations

import queue
import threading
from typing import Any

import pytest
import torch

from vigan.bench import gpu
from vigan.bench.engine import WORKLOADS

TINY: dict[str, Any] = {
    "reading": "released", "d_batches": 1, "g_batches": 1, "batch_size": 4, "lambda_mean": 5.0,
    "network": {"kind": "mlp", "width": 8},
}  # fmt: skip


def test_operations_are_those_of_the_products_counted_by_hand() -> None:
    arm = {**TINY, "network": {"kind": "dcgan", "dim": 32, "batch_norm": False, "latent": 5}}
    found = gpu.operations(arm, (1, 32, 32))
    linear, inner = 4 * 5 * 16 * 128, 4 * 25 * (16 * 128 * 64 + 64 * 64 * 32)
    image = 4 * 36 * 256 * 32  # by phases: 36 taps for 25
    forward = {"g": linear + inner + image, "d": image + inner + 4 * 16 * 128}
    in_weights_alone = {"g": linear, "d": image}  # no gradient in what G takes, nor in what D is shown
    d_step = forward["g"] + 2 * (3 * forward["d"] - in_weights_alone["d"])
    g_steps = 2 * (3 * forward["g"] - in_weights_alone["g"] + 2 * forward["d"])
    assert found == 2 * (d_step + g_steps)


def test_a_worker_tells_its_own_rate_once_all_are_ready() -> None:
    rates: Any = queue.Queue()
    start: Any = threading.Barrier(2)
    workers = [threading.Thread(target=gpu.work, args=(TINY, (2,), 3, start, rates, "cpu")) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert all(rates.get(timeout=60) > 0 for _ in workers)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device to measure here")
def test_a_gpu_is_measured() -> None:
    found = gpu.measure_gpu(WORKLOADS["digits"].arm, WORKLOADS["digits"].shape, WORKLOADS["ring"].arm, iterations=2)
    assert found.summary["images_per_second"] > 0
