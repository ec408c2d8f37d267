"""The latents on which snapshots are shown and measured."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vigan import rng


def evaluation_latents(seed: int, count: int, latent: int) -> Tensor:
    """Latents (count, latent) from the `eval` stream: the same for every arm and snapshot of a seed."""
    return torch.from_numpy(rng.generator(seed, "eval").standard_normal((count, latent), dtype=np.float32))
