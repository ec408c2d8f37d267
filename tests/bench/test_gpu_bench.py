from __future__ import annotations

import queue
import threading
import time
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


def test_a_worker_that_dies_ends_the_others_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is not there kills each of them; before, the others waited for ten minutes."""
    begun = time.monotonic()
    with pytest.raises(gpu.WorkerError, match="one of 2 processes ended with exit code 1"):
        gpu.together(TINY, (2,), 1, 2, "cuda:99")
    assert time.monotonic() - begun < 60
    assert not torch.multiprocessing.active_children()
    monkeypatch.setattr(gpu, "RUNS", (1,))
    assert gpu.by_runs(TINY, (2,), 1, "cuda:99") == {"1": "failed: one of 1 processes ended with exit code 1"}


def test_processes_on_one_device_are_measured_together() -> None:
    assert gpu.together(TINY, (2,), 3, 2, "cpu") > 0


def test_every_precision_of_the_device_is_measured() -> None:
    found = gpu.by_precision(TINY, (2,), 1, torch.device("cpu"), rounds=2)
    assert {name: len(seconds) for name, seconds in found.items()} == {"eager_float32": 2, "eager_bf16": 2}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device to measure here")
def test_a_gpu_is_measured() -> None:
    found = gpu.measure_gpu(WORKLOADS["digits"].arm, WORKLOADS["digits"].shape, WORKLOADS["ring"].arm, iterations=2)
    assert set(found.summary["images_per_second"]) >= {"eager_float32", "captured_tf32", "captured_bf16"}
