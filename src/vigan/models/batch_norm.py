"""Batch normalisation as TensorFlow 1's slim computes it, with control over updates of its moving averages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPS = 1e-5
MOMENTUM = float(np.float32(0.1))  # 1 - decay, a float32 constant in the released graph


class BatchNorm(nn.Module):
    """Normalises (N, C) or (N, C, H, W) over all but C: biased batch variance in training, moving averages in eval.

    The moving variance is biased too (torch's own layer keeps the unbiased one), as in the released graph.
    `updates` is how often one training-mode forward updates the averages: see `moving_averages`.
    """

    moving_mean: Tensor
    moving_variance: Tensor
    batch_mean: Tensor
    batch_variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("moving_mean", torch.zeros(channels))
        self.register_buffer("moving_variance", torch.ones(channels))
        for name in ("batch_mean", "batch_variance"):  # where a forward leaves its own, unbiased; no part of a state
            self.register_buffer(name, torch.zeros(channels), persistent=False)
        self.updates = 1

    def forward(self, x: Tensor) -> Tensor:
        """Normalised, scaled and shifted `x`, of the same shape."""
        if not self.training:
            return F.batch_norm(x, self.moving_mean, self.moving_variance, self.weight, self.bias, eps=EPS)
        mean, unbiased = self.batch_mean, self.batch_variance
        y = F.batch_norm(x, mean, unbiased, self.weight, self.bias, training=True, momentum=1.0, eps=EPS)
        if self.updates:
            count = x.numel() // x.shape[1]
            batch = [mean, unbiased * ((count - 1) / count)]
            for _ in range(self.updates):
                torch._foreach_lerp_([self.moving_mean, self.moving_variance], batch, MOMENTUM)
        return y


@contextlib.contextmanager
def moving_averages(network: nn.Module, updates: int) -> Iterator[None]:
    """Within, each training-mode forward of `network` updates its moving averages `updates` times instead of once."""
    layers = _layers(network)
    for layer in layers:
        layer.updates = updates
    try:
        yield
    finally:
        for layer in layers:
            layer.updates = 1


def by_batch_statistics(network: nn.Module) -> None:
    """Put a network into inference mode, but for its BN layers: each batch is normalised by its own statistics."""
    network.eval()
    for layer in _layers(network):
        layer.train()


_FOUND: WeakKeyDictionary[nn.Module, list[BatchNorm]] = WeakKeyDictionary()


def _layers(network: nn.Module) -> list[BatchNorm]:
    """The BN layers of a network, cached: walking the modules of a small network takes as long as its forward."""
    if network not in _FOUND:
        _FOUND[network] = [layer for layer in network.modules() if isinstance(layer, BatchNorm)]
    return _FOUND[network]
