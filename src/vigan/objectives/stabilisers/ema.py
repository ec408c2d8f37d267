"""Weight averaging: what is sampled is an exponential mean of G's weights; Yazıcı et al. (2018), arXiv 1806.04498."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vigan.config.base import Share
from vigan.objectives.hooks import Linear, Stabiliser


class Ema(Stabiliser):
    """`decay` is the share of the old mean that an iteration leaves, 0.999 or so. Training itself is not changed."""

    decay: Share

    def prepare(self, networks: nn.ModuleDict, seed: int) -> None:
        """Begin the mean at G's initial weights, as the network "average"."""
        networks["average"] = copy.deepcopy(networks["generator"]).requires_grad_(False)

    @torch.no_grad()
    def after_iteration(self, networks: nn.ModuleDict) -> None:
        """Move the mean, of weights and moving averages, by a share of 1 - `decay` towards G."""
        torch._foreach_lerp_(_tensors(networks["average"]), _tensors(networks["generator"]), 1 - self.decay)

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """One step of the mean, from the old weights."""
        return {"after_iteration": self.decay * linear.old + (1 - self.decay) * linear.new}


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
