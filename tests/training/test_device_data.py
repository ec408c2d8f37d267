from __future__ import annotations

import numpy as np
import pytest
import torch

from vigan.training import device_data
from vigan.training.device_data import Resident, Streamed, format_size, place
from vigan.training.latents import Latents

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(params=[np.uint8, np.float32], ids=["images", "points"])
def array(request: pytest.FixtureRequest) -> np.ndarray:
    draws = np.random.default_rng(0)
    images = draws.integers(0, 256, (11, 1, 4, 4), dtype=np.uint8)
    return images if request.param is np.uint8 else draws.standard_normal((11, 2)).astype(np.float32)


def test_examples_on_the_device_are_the_host_s_batches(array: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_data, "CHUNK", 4)
    resident, streamed = Resident(array, CPU), Streamed(array, CPU)
    assert resident.stored.dtype == torch.from_numpy(array).dtype
    assert resident.stored.nbytes == array.nbytes
    for rows in ([3, 0, 10], [7], [5, 5]):
        found, expected = (source.take(torch.tensor(rows)) for source in (resident, streamed))
        assert found.dtype == torch.float32
        assert torch.equal(found, expected)


def test_taking_a_batch_leaves_the_stored_examples_alone(array: np.ndarray) -> None:
    resident, before = Resident(array, CPU), array.copy()
    resident.take(torch.tensor([0, 1])).fill_(9.0)
    np.testing.assert_array_equal(resident.stored.numpy(), before)


def test_on_the_cpu_examples_stay_where_they_are(array: np.ndarray) -> None:
    assert isinstance(place(array, CPU), Streamed)


def test_examples_that_do_not_fit_are_streamed_and_it_is_said(
    array: np.ndarray, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2 * array.nbytes - 1, 10**12))
    assert isinstance(place(array, CUDA), Streamed)
    assert "do not fit" in capsys.readouterr().out


def test_all_of_celeba_takes_2_32_gib() -> None:
    assert format_size(202599 * 3 * 64 * 64) == "2.32 GiB"


@pytest.mark.parametrize("ahead", [2, 5, 64])
def test_latents_drawn_ahead_are_those_drawn_one_by_one(ahead: int) -> None:
    one_by_one, blocks = (Latents(3, (2, 4, 5), CPU, count) for count in (1, ahead))
    for index in (0, 1, 2, 6, 129, 4, 4):
        for found, expected in zip(blocks.iteration(index), one_by_one.iteration(index), strict=True):
            assert torch.equal(found, expected)
