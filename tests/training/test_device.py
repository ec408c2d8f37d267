"""A job says on which device it runs, and never takes days on a CPU for hours on a GPU."""

from __future__ import annotations

import pytest
import torch

from vigan.io.files import RecordError
from vigan.runtime.gpu_slots import reserve_gpu
from vigan.training.device import _precisions, pick_device


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "VIGAN_CPU", "VIGAN_GPUS"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_gpu_it_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert pick_device("auto") == torch.device("cpu")


@pytest.mark.parametrize(("cuda", "why"), [(None, "built without CUDA"), ("13.0", "nvidia-smi")])
def test_a_gpu_that_cuda_cannot_use_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, cuda: str | None, why: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    with pytest.raises(RecordError, match=f"GPU 3 is here.*{why}.*cpu=true"):
        pick_device("auto")


def test_a_gpu_that_works_is_taken_unless_cpu_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", lambda *shape, device: torch.full(shape, 1.0))
    assert pick_device("auto") == torch.device("cuda")
    monkeypatch.setenv("VIGAN_CPU", "true")
    assert pick_device("auto") == torch.device("cpu")


def test_a_gpu_that_is_counted_and_does_not_work_is_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that another process has for itself was a traceback where the networks were moved to it."""

    def busy(*_: object, **__: object) -> None:
        raise torch.AcceleratorError("CUDA error: CUDA-capable device(s) is/are busy or unavailable\nCUDA")

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", busy)
    with pytest.raises(RecordError, match=r"GPU 3 is here, and does not work \(CUDA error: .*unavailable\): another"):
        pick_device("auto")


def test_who_does_without_a_gpu_waits_for_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGAN_GPUS", "1")
    monkeypatch.setenv("VIGAN_CPU", "true")
    with reserve_gpu() as device:
        assert device is None


def test_the_gpu_that_is_named_becomes_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Graphs are captured on the current one's streams: on another the captured iteration was empty."""
    current: list[torch.device] = []
    monkeypatch.setattr(torch, "empty", lambda *_, **__: None)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    assert pick_device("cuda:1") == torch.device("cuda", 1)
    assert current == [torch.device("cuda", 1)]
    for name in ("cuda", "cpu"):
        pick_device(name)
    assert len(current) == 1


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "mps", "xpu", "cuda:7"])
def test_a_device_that_cannot_be_used_is_refused_in_one_line(name: str) -> None:
    if name == "mps" and torch.backends.mps.is_available():
        pytest.skip("this machine has one")
    with pytest.raises(RecordError, match="cannot be used here") as caught:
        pick_device(name)
    assert "\n" not in str(caught.value)


def test_precisions_are_known_also_where_somebody_uses_torch_s_newer_settings() -> None:
    class Mixed:
        fp32_precision = "tf32"

        @property
        def allow_tf32(self) -> bool:
            raise RuntimeError("mix of the legacy and new APIs")

    place = Mixed()
    assert _precisions(place, [place]) == [(place, "fp32_precision", "tf32")]
    matmul = torch.backends.cuda.matmul
    assert _precisions(matmul, [matmul]) == [(matmul, "allow_tf32", matmul.allow_tf32)]
