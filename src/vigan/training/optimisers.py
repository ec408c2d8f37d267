"""Adam as TensorFlow 1 computes it, and torch's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vigan.config.arms import Optimiser


def _skip_dynamo_import() -> None:
    """Avoid the import of torch's compiler by torch's optimisers, which takes a second or two.

    Their methods are wrapped to be skipped by the compiler: the first call imports it to make such a version and caches
    that as `__dynamo_disable`. Nothing is compiled here, so the method itself is put there. (The update of torch's own
    Adam imports the compiler nevertheless.)
    """
    for method in vars(torch.optim.Optimizer).values():
        plain = getattr(method, "__wrapped__", None)
        if plain is not None:
            plain.__dynamo_disable = plain


_skip_dynamo_import()


class AdamTF1(torch.optim.Optimizer):
    """Adam with lr_t = lr sqrt(1 - b2^t) / (1 - b1^t) and theta -= lr_t m / (sqrt(v) + eps): eps not bias-corrected.

    Source: TensorFlow 1's AdamOptimizer. Its lr, b1, b2 and eps are float32 constants and its running powers b1^t,
    b2^t float32 products, also where the weights are float64. torch.optim.Adam divides eps by sqrt(1 - b2^t), which
    matters wherever gradients are as small as eps. Torch's fused kernel computes the same if given lr_t and a
    step count of infinity, for which its own bias corrections are exactly one.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, beta1: float, beta2: float, eps: float) -> None:
        settings = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps}
        single = {key: float(np.float32(value)) for key, value in settings.items()}
        super().__init__(parameters, {**single, "power1": single["beta1"], "power2": single["beta2"]})
        self.planned: Iterator[Tensor] | None = None
        for p in self.param_groups[0]["params"]:
            self.state[p] = {"m": torch.zeros_like(p), "v": torch.zeros_like(p)}
        self.rows = self._rows()

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient. Raises TypeError if given a closure."""
        if closure is not None:
            raise TypeError("AdamTF1 takes no closure")
        (group,) = self.param_groups
        rate = self.next_rate() if self.planned is None else next(self.planned)
        self._update([row for row in self.rows if row[0].grad is not None], group, rate)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a saved state; moments get the memory layout of their weights, which the fused kernel assumes."""
        super().load_state_dict(state_dict)
        for parameter, moments in self.state.items():
            moments |= {slot: torch.empty_like(parameter).copy_(value) for slot, value in moments.items()}
        self.rows = self._rows()

    def next_rate(self) -> float:
        """lr_t of the next step; advances the step count, so the step must be made."""
        (group,) = self.param_groups
        rate = group["lr"] * math.sqrt(1 - group["power2"]) / (1 - group["power1"])
        for power, beta in (("power1", "beta1"), ("power2", "beta2")):
            group[power] = float(np.float32(group[power]) * np.float32(group[beta]))
        return rate

    def _update(self, rows: list[tuple[Tensor, Tensor, Tensor]], group: dict[str, Any], rate: float | Tensor) -> None:
        if not rows:
            return
        parameters, m, v = (list(column) for column in zip(*rows, strict=True))
        gradients = [p.grad for p in parameters]
        infinities = [self._infinity(parameters[0].device)] * len(rows)
        torch._fused_adam_(
            parameters, gradients, m, v, [], infinities, lr=rate, beta1=group["beta1"], beta2=group["beta2"],
            eps=group["eps"], weight_decay=0.0, amsgrad=False, maximize=False,
        )  # fmt: skip

    def _rows(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        return [(p, self.state[p]["m"], self.state[p]["v"]) for p in self.param_groups[0]["params"]]

    @staticmethod
    @cache
    def _infinity(device: torch.device) -> Tensor:
        return torch.tensor(math.inf, device=device)


# torch wraps the `step` of an optimiser class in a profiler's range and its hooks, neither of which is used here; they
# take a hundredth of the smallest networks' iteration. A method that says it is wrapped is left alone.
vars(AdamTF1)["step"].hooked = True


def optimiser(settings: Optimiser, parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimiser of one group's parameters, from an arm's settings."""
    if settings.kind == "adam_tf1":
        return AdamTF1(parameters, settings.lr, settings.beta1, settings.beta2, settings.eps)
    on_cuda = parameters[0].is_cuda  # so that its step count is on the device, as a CUDA graph needs
    return torch.optim.Adam(
        parameters, lr=settings.lr, betas=(settings.beta1, settings.beta2), eps=settings.eps, foreach=True,
        capturable=on_cuda,
    )  # fmt: skip
