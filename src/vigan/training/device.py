"""The device a job runs on, and how exactly it calculates."""

from __future__ import annotations

import torch


def pick_device(name: str) -> torch.device:
    """Device by name; "auto" is the first CUDA device, or the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def calculate_in_float32(threads: int) -> None:
    """Use `threads` CPU threads, and on CUDA full float32 (no TF32) with deterministic convolutions."""
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
