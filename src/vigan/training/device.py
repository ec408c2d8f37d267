"""The device a job runs on, and how exactly it calculates."""

from __future__ import annotations

import torch

from vigan.config.arms import Precision
from vigan.io.files import RecordError


def pick_device(name: str) -> torch.device:
    """Device by name; "auto" is the first CUDA device, or the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def uuid(device: torch.device) -> str:
    """What the driver calls a CUDA device; nothing for the CPU."""
    return str(torch.cuda.get_device_properties(device).uuid) if device.type == "cuda" else ""


def calculate_in_float32(threads: int) -> None:
    """Use `threads` CPU threads, and on CUDA full float32 (no TF32) with deterministic convolutions."""
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def calculate_in(precision: Precision, threads: int, device: torch.device) -> None:
    """Use `threads` CPU threads and an arm's precision, float32 in all that it does not name.

    Raises RecordError if that is "tf32" and `device` is no CUDA device.
    """
    if precision == "tf32" and device.type != "cuda":
        raise RecordError(f"precision 'tf32' needs a CUDA device, not '{device}'; train on one, or write 'float32'")
    calculate_in_float32(threads)
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
