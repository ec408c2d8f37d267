"""The precision of an arm's forward passes. Weights, losses, moments and moving averages are always float32."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from vigan.config.arms import Precision


def in_precision(network: nn.Module, precision: Precision) -> Callable[..., Tensor]:
    """Forward pass of a network: as it is, or for "bf16" its products in bfloat16 and its output in float32."""
    if precision != "bf16":
        return network

    def forward(*inputs: Tensor) -> Tensor:
        with torch.autocast(inputs[0].device.type, torch.bfloat16, cache_enabled=False):
            return network(*inputs).float()

    return forward
