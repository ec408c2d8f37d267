"""Adam as TensorFlow 1 computes it, and torch's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vigan.config.arms import Optimiser


class AdamTF1(torch.optim.Optimizer):
    """Adam with lr_t = lr sqrt(1 - b2^t) / (1 - b1^t) and theta -= lr_t m / (sqrt(v) + eps): eps not bias-corrected.

    Source: TensorFlow 1's AdamOptimizer. Its lr, b1, b2 and eps are float32 constants and its running powers b1^t,
    b2^t float32 products, also where the weights are float64. torch.optim.Adam divides eps by sqrt(1 - b2^t), which
    matters wherever gradients are as small as eps.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, beta1: float, beta2: float, eps: float) -> None:
        settings = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps}
        single = {key: float(np.float32(value)) for key, value in settings.items()}
        super().__init__(parameters, {**single, "power1": single["beta1"], "power2": single["beta2"]})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient. Raises TypeError if given a closure."""
        if closure is not None:
            raise TypeError("AdamTF1 takes no closure")
        for group in self.param_groups:
            self._update([p for p in group["params"] if p.grad is not None], group)
            for power, beta in (("power1", "beta1"), ("power2", "beta2")):
                group[power] = float(np.float32(group[power]) * np.float32(group[beta]))

    def _update(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        if not parameters:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        m, v = self._moments(parameters)
        rate = group["lr"] * math.sqrt(1 - group["power2"]) / (1 - group["power1"])
        torch._foreach_lerp_(m, gradients, 1 - group["beta1"])
        torch._foreach_mul_(v, group["beta2"])
        torch._foreach_addcmul_(v, gradients, gradients, 1 - group["beta2"])
        denominator = torch._foreach_sqrt(v)
        torch._foreach_add_(denominator, group["eps"])
        torch._foreach_addcdiv_(parameters, m, denominator, -rate)

    def _moments(self, parameters: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        for p in parameters:
            if not self.state[p]:
                self.state[p] = {"m": torch.zeros_like(p), "v": torch.zeros_like(p)}
        return [self.state[p]["m"] for p in parameters], [self.state[p]["v"] for p in parameters]


def optimiser(settings: Optimiser, network: nn.Module) -> torch.optim.Optimizer:
    """Optimiser of one network, as its arm says."""
    if settings.kind == "adam_tf1":
        return AdamTF1(network.parameters(), settings.lr, settings.beta1, settings.beta2, settings.eps)
    return torch.optim.Adam(
        network.parameters(), lr=settings.lr, betas=(settings.beta1, settings.beta2), eps=settings.eps, foreach=True
    )
