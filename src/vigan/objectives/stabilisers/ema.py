"""Weight averaging: what is sampled is an exponential mean of G's weights; Yazıcı et al. (2018), arXiv 1806.04498.

The weight is the share of the old mean that an iteration leaves, 0.999 or so. Training itself is not changed.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


def prepare(networks: nn.ModuleDict, seed: int, weight: float) -> None:  # noqa: ARG001 - a slot's signature
    """Begin the mean at G's initial weights, as the network "average". Raises ValueError for a weight of 1 or more."""
    if weight >= 1:
        raise ValueError(f"'ema' is the share of the old mean that is left: less than 1, not {weight}")
    networks["average"] = copy.deepcopy(networks["generator"]).requires_grad_(False)


@torch.no_grad()
def follow(networks: nn.ModuleDict, weight: float) -> None:
    """Move the mean, of weights and moving averages, by a share of 1 - `weight` towards G."""
    torch._foreach_lerp_(_tensors(networks["average"]), _tensors(networks["generator"]), 1 - weight)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
