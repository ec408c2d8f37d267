"""Weight averaging: an exponential moving average of G is sampled; Yazıcı et al. (2018), arXiv 1806.04498."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vigan.config.base import Share
from vigan.objectives.hooks import Linear, Stabiliser


class Ema(Stabiliser):
    """`decay` is the share of the old average that an iteration keeps, such as 0.999. Training is unaffected."""

    decay: Share

    def prepare(self, networks: nn.ModuleDict, seed: int) -> None:
        """Start the average, the network "average", at G's initial weights."""
        networks["average"] = copy.deepcopy(networks["generator"]).requires_grad_(False)

    @torch.no_grad()
    def after_iteration(self, networks: nn.ModuleDict) -> None:
        """Move the average, of weights and BN's moving averages, by a share of 1 - `decay` towards G."""
        torch._foreach_lerp_(_tensors(networks["average"]), _tensors(networks["generator"]), 1 - self.decay)

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """One step of the average, from the old weights."""
        return {"after_iteration": self.decay * linear.old + (1 - self.decay) * linear.new}


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
