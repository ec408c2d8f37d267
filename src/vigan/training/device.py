"""The device of a job, and its numerical precision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from vigan.config.arms import Precision
from vigan.io.files import RecordError
from vigan.runtime.settings import gpus, switched_on


def pick_device(name: str) -> torch.device:
    """Device by name; "auto" is the first CUDA device, or the CPU where there is no GPU or VIGAN_CPU says so.

    A CUDA device becomes the current one, on whose streams graphs are captured.

    Raises RecordError for "auto" if there is a GPU that CUDA cannot use, rather than train for days on the CPU; and for
    a device that does not exist.
    """
    if name == "auto":
        return _automatic()
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
        if device.type == "cuda" and device.index is not None:
            torch.cuda.set_device(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RecordError(f"--device {name}: cannot be used here ({reason}); write auto, cpu, cuda or cuda:1") from None
    return device


def _automatic() -> torch.device:
    if switched_on("cpu") or not (named := gpus()):
        return torch.device("cpu")
    if torch.cuda.is_available():
        return _tried(torch.device("cuda"), named)
    build = "its CUDA does not start: look at nvidia-smi and the driver's version"
    reason = build if torch.version.cuda else "this torch was built without CUDA: install one with it"
    raise RecordError(
        f"GPU {', '.join(named)} is here, but torch cannot use it; {reason}. To do without, say VIGAN_CPU=true "
        "(--config cpu=true), or CUDA_VISIBLE_DEVICES= if it is not to be used"
    )


def _tried(device: torch.device, named: Sequence[str]) -> torch.device:
    """A device on which something has been calculated: CUDA counts cards without asking whether they work."""
    try:
        torch.ones(2, device=device).sum().item()
    except RuntimeError as error:
        reason = str(error).strip().partition("\n")[0]
        raise RecordError(
            f"GPU {', '.join(named)} is here, and does not work ({reason}): another process may have it for itself "
            "(`nvidia-smi -q -d COMPUTE`), or this torch has no kernels for it (`vigan doctor`)"
        ) from None
    return device


def named(device: torch.device) -> str:
    """What a record calls a device: its model, or "cpu"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def uuid(device: torch.device) -> str:
    """The driver's UUID of a CUDA device; "" for the CPU."""
    return str(torch.cuda.get_device_properties(device).uuid) if device.type == "cuda" else ""


def calculate_in_float32(threads: int) -> None:
    """Use `threads` CPU threads, and on CUDA full float32 (no TF32) with deterministic convolutions."""
    torch.set_num_threads(threads)
    in_float32()


@contextmanager
def put_back() -> Iterator[None]:
    """Put back, on leaving, torch's threads of the CPU, its precision and its choice of kernels."""
    threads, cudnn, matmul = torch.get_num_threads(), torch.backends.cudnn, torch.backends.cuda.matmul
    kernels = [(cudnn, name, getattr(cudnn, name)) for name in ("benchmark", "deterministic")]
    precisions = [*_precisions(matmul, [matmul]), *_precisions(cudnn, [cudnn.conv, cudnn.rnn])]
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        for place, name, value in (*kernels, *precisions):
            setattr(place, name, value)


def _precisions(place: Any, parts: Sequence[Any]) -> list[tuple[Any, str, Any]]:
    """(place, name, value) of a setting of TF32; of its parts, where somebody uses torch's newer settings."""
    try:
        return [(place, "allow_tf32", place.allow_tf32)]
    except RuntimeError:
        return [(part, "fp32_precision", part.fp32_precision) for part in parts]


def in_float32() -> None:
    """On CUDA calculate in full float32 (no TF32), with deterministic convolutions."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def calculate_in(precision: Precision, threads: int, device: torch.device) -> None:
    """Use `threads` CPU threads and an arm's precision, float32 for everything else.

    Raises RecordError if that is "tf32" and `device` is no CUDA device.
    """
    if precision == "tf32" and device.type != "cuda":
        raise RecordError(f"precision 'tf32' needs a CUDA device, not '{device}'; train on one, or write 'float32'")
    calculate_in_float32(threads)
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
