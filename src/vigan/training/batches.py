"""Real batches and latents of any iteration, as functions of (seed, iteration): nothing has to be remembered."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vigan import rng
from vigan.config.arms import RunSpec
from vigan.records import RecordError
from vigan.training.engine import Batches


class BatchSource:
    """Input of every iteration of a run.

    Real images come epoch by epoch, each epoch a permutation drawn from the `data` stream, its incomplete last batch
    dropped (the released code's queue shuffles without end: docs/deviations.md); latents are N(0, I) from the
    `latent` stream. Arms of one seed that show D equally many batches see the same images and latents in the same
    order.
    """

    def __init__(self, spec: RunSpec, array: np.ndarray, device: torch.device) -> None:
        """Serve `array` (uint8 NCHW images or float32 points). Raises RecordError if it cannot fill one batch."""
        if len(array) < spec.arm.batch_size:
            raise RecordError(f"{len(array)} examples cannot fill a batch of {spec.arm.batch_size}")
        self.spec, self.array, self.device = spec, array, device
        self.per_epoch = len(array) // spec.arm.batch_size
        self._order = lru_cache(maxsize=2)(self._permutation)

    def iteration(self, index: int) -> Batches:
        """Input of iteration `index` (from 0)."""
        arm = self.spec.arm
        shape = (arm.d_batches + arm.g_batches, arm.batch_size, arm.network.latent)
        draws = rng.generator(self.spec.seed, "latent", index).standard_normal(shape, dtype=np.float32)
        latents = torch.from_numpy(draws).to(self.device).unbind()
        reals = [self._real(index * arm.d_batches + update) for update in range(arm.d_batches)]
        return Batches(list(zip(reals, latents[: arm.d_batches], strict=True)), latents[arm.d_batches :])

    def _real(self, batch: int) -> Tensor:
        epoch, position = divmod(batch, self.per_epoch)
        size = self.spec.arm.batch_size
        return as_input(self.array[self._order(epoch)[position * size : (position + 1) * size]], self.device)

    def _permutation(self, epoch: int) -> np.ndarray:
        return rng.generator(self.spec.seed, "data", epoch).permutation(len(self.array))


def as_input(examples: np.ndarray, device: torch.device) -> Tensor:
    """Examples as a network takes them: uint8 images become x / 127.5 - 1 in float32, points stay as they are."""
    tensor = torch.from_numpy(examples).to(device)
    return tensor.float().div_(127.5).sub_(1) if tensor.dtype == torch.uint8 else tensor
