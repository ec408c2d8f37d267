"""Latents: those of training, and those on which snapshots are sampled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vigan import rng


def evaluation_latents(seed: int, count: int, latent: int, draw: int = 0) -> Tensor:
    """Latents (count, latent) from the `eval` stream: the same for every arm and snapshot of a seed.

    `draw` 0 is used for all figures and metrics; further ones show how much a metric depends on the latents.
    """
    return torch.from_numpy(rng.generator(seed, "eval", draw).standard_normal((count, latent), dtype=np.float32))


class Latents:
    """Latents of every iteration of a run, N(0, 1) from the `latent` stream: each iteration has its own block.

    `ahead` iterations are drawn and copied to the device together, which does not affect the numbers.
    """

    def __init__(self, seed: int, shape: tuple[int, int, int], device: torch.device, ahead: int) -> None:
        """Serve tensors of `shape` (batches, examples, coordinates)."""
        self.seed, self.shape, self.device, self.ahead = seed, shape, device, ahead
        self._block = lru_cache(maxsize=1)(self._draw)

    def iteration(self, index: int) -> Sequence[Tensor]:
        """Latents (examples, coordinates) of each batch of iteration `index`."""
        block, position = divmod(index, self.ahead)
        return self._block(block)[position].unbind()

    def _draw(self, block: int) -> Tensor:
        draws = torch.empty((self.ahead, *self.shape), pin_memory=self.device.type == "cuda")
        for position, place in enumerate(draws.numpy()):
            stream = rng.generator(self.seed, "latent", block * self.ahead + position)
            stream.standard_normal(out=place, dtype=np.float32)
        return draws.to(self.device, non_blocking=True)
