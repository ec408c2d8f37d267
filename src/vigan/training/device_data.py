"""Placement of a run's examples: on its device if they fit, else on the host and copied batch by batch."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vigan.errors import say

CHUNK = 4096
SPARED = 0.5
"""Share of a device's free memory that examples may fill."""


class Examples(Protocol):
    """Examples of a data set, scaled for a network."""

    def take(self, rows: Tensor) -> Tensor:
        """Examples at `rows` (int64, on the host), on the device: images in [-1, 1], points as they are."""
        ...


class Resident:
    """All examples on the device, as stored (uint8 images, float32 points)."""

    def __init__(self, array: np.ndarray, device: torch.device) -> None:
        first = torch.from_numpy(array[:1].copy())
        self.stored = torch.empty(array.shape, dtype=first.dtype, device=device)
        for start in range(0, len(array), CHUNK):
            self.stored[start : start + CHUNK] = torch.from_numpy(array[start : start + CHUNK].copy())

    def take(self, rows: Tensor) -> Tensor:
        """Examples at `rows`."""
        return scaled(self.stored[rows.to(self.stored.device, non_blocking=True)])


class Streamed:
    """Examples in the host's memory or on disk; batches are copied to a CUDA device through pinned memory."""

    def __init__(self, array: np.ndarray, device: torch.device) -> None:
        self.array, self.device = array, device

    def take(self, rows: Tensor) -> Tensor:
        """Examples at `rows`."""
        batch = self.array[rows.numpy()]
        if self.device.type != "cuda":
            return as_input(batch, self.device)
        return scaled(torch.from_numpy(batch).pin_memory().to(self.device, non_blocking=True))


def place(array: np.ndarray, device: torch.device) -> Examples:
    """Examples on a CUDA device if they fit, else streamed, with a warning."""
    if device.type != "cuda":
        return Streamed(array, device)
    room = SPARED * torch.cuda.mem_get_info(device)[0]
    if array.nbytes <= room:
        return Resident(array, device)
    say(f"warning: {format_size(array.nbytes)} of examples do not fit {format_size(room)} on {device}; streaming them")
    return Streamed(array, device)


def format_size(count: float) -> str:
    """A number of bytes, such as "2.32 GiB"."""
    return f"{count / 2**30:.2f} GiB"


def as_input(examples: np.ndarray, device: torch.device) -> Tensor:
    """Examples on a device, scaled for a network."""
    return scaled(torch.from_numpy(examples).to(device))


def scaled(examples: Tensor) -> Tensor:
    """Images in uint8 as x / 127.5 - 1 in float32; points as they are."""
    return examples.float().div_(127.5).sub_(1) if examples.dtype == torch.uint8 else examples
