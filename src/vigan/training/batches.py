"""Real batches and latents of any iteration, as functions of (seed, iteration), without any stored state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vigan import rng
from vigan.config.arms import RunSpec
from vigan.config.methods.base import own_batches
from vigan.io.files import RecordError
from vigan.training.device_data import place
from vigan.training.latents import Latents

AHEAD = 64
"""Iterations whose latents are copied to a CUDA device together."""


class Batch(NamedTuple):
    """Real examples, if the phase has any, and latents (N, latent)."""

    x: Tensor | None
    z: Tensor


class Batches(NamedTuple):
    """Input of one iteration: the batches of each phase that has its own, by its name, and its number, from 0."""

    phases: Mapping[str, Sequence[Batch]]
    iteration: int = 0


class BatchSource:
    """Input of every iteration of a run.

    Real images come epoch by epoch, each epoch a permutation drawn from the `data` stream, its incomplete last batch
    dropped (the released code's queue shuffles without end: docs/deviations.md); latents are N(0, I) from the `latent`
    stream; phases take theirs in order. Arms of one seed with equally many batches for D get the same images and
    latents in the same order.
    """

    def __init__(self, spec: RunSpec, array: np.ndarray, device: torch.device) -> None:
        """Serve `array` (uint8 NCHW images or float32 points). Raises RecordError if it cannot fill one batch."""
        arm = spec.arm
        if len(array) < arm.batch_size:
            raise RecordError(f"{len(array)} examples cannot fill a batch of {arm.batch_size}")
        self.spec, self.count = spec, len(array)
        self.phases, self.real_batches = own_batches(arm.model.phases(arm)), arm.real_batches
        self.per_epoch = len(array) // arm.batch_size
        self.examples = place(array, device)
        shape = (arm.latent_batches, arm.batch_size, arm.network.latent)
        self.latents = Latents(spec.seed, shape, device, ahead=AHEAD if device.type == "cuda" else 1)
        self._order = lru_cache(maxsize=2)(self._permutation)

    def iteration(self, index: int) -> Batches:
        """Input of iteration `index` (from 0)."""
        reals = (self._real(index * self.real_batches + batch) for batch in range(self.real_batches))
        latents = iter(self.latents.iteration(index))
        return Batches(
            {
                phase.name: [Batch(next(reals) if phase.real else None, next(latents)) for _ in range(phase.batches)]
                for phase in self.phases
            },
            index,
        )

    def _real(self, batch: int) -> Tensor:
        epoch, position = divmod(batch, self.per_epoch)
        size = self.spec.arm.batch_size
        return self.examples.take(self._order(epoch)[position * size : (position + 1) * size])

    def _permutation(self, epoch: int) -> Tensor:
        return torch.from_numpy(rng.generator(self.spec.seed, "data", epoch).permutation(self.count))
