"""Networks on a device: one extraction at a time, in batches for which there is room."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor

from vigan.features import base
from vigan.features.base import Images, default_batch_size, extract

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
IMAGES = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)


def features(images: Images) -> Tensor:
    return torch.from_numpy(images.reshape(len(images), -1).astype(np.float32))


@pytest.mark.parametrize(("device", "together"), [(CUDA, 1), (CPU, 4)])
def test_four_threads_extract_on_a_device_one_after_the_other(device: torch.device, together: int) -> None:
    inside, most, meet = [0], [0], threading.Barrier(together)

    def slow(images: Images) -> Tensor:
        inside[0] += 1
        meet.wait(timeout=30)
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        inside[0] -= 1
        return features(images)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: extract(IMAGES, 20, slow, device), range(4)))
    assert most[0] == together
    assert all(np.array_equal(each, found[0]) for each in found)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to"),
    ],
)
def test_a_batch_without_room_is_halved_until_there_is(error: RuntimeError) -> None:
    tried = []

    def cramped(images: Images) -> Tensor:
        tried.append(len(images))
        if len(images) > 3:
            raise error
        return features(images)

    assert np.array_equal(extract(IMAGES, 16, cramped, CUDA)[:, 0], np.arange(20))
    assert tried[:4] == [16, 8, 4, 2]
    assert set(tried[3:]) == {2}


@pytest.mark.parametrize("told", ["CUDA out of memory", "cuDNN error"])
def test_one_image_without_room_and_any_other_error_are_raised(told: str) -> None:
    def failing(images: Images) -> Tensor:
        raise RuntimeError(told)

    with pytest.raises(RuntimeError, match=told):
        extract(IMAGES, 16, failing, CUDA)
    assert not base._ON_DEVICE.locked()


@pytest.mark.parametrize(("gib", "batch"), [(70, 256), (8.6, 256), (8.4, 128), (1.0, 16), (0.03, 1), (0.0, 1)])
def test_a_batch_fills_half_of_the_free_memory_at_most(gib: float, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(gib * 2**30), 80 << 30))
    assert default_batch_size(CUDA) == batch


def test_without_cuda_a_batch_is_what_it_was() -> None:
    assert (default_batch_size(CPU), default_batch_size(torch.device("mps"))) == (16, 256)
