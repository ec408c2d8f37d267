"""Fused forward and backward pass of a ReLU network with three linear layers.

In a perceptron this small, call overhead takes more time than the matrix products. `ThreeLayers` computes `plain` and
its gradient without an autograd graph in between, with oneDNN for the largest products, which on CPUs other than
Intel's is faster than torch's default library. For a double backward, `plain` is used.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def plain(x: Tensor, *parameters: Tensor) -> Tensor:
    """Output (N, C) for x (N, A) and weight, bias, weight, bias, weight, bias."""
    w1, b1, w2, b2, w3, b3 = parameters
    return F.linear(F.linear(F.linear(x, w1, b1).relu(), w2, b2).relu(), w3, b3)


def fast(x: Tensor, *parameters: Tensor) -> Tensor:
    """The same to rounding; `plain` wherever that is not float32 on a CPU with oneDNN."""
    return ThreeLayers.apply(x, *parameters) if _can_do(x, parameters[0]) else plain(x, *parameters)


def _can_do(x: Tensor, weight: Tensor) -> bool:
    usable = x.device.type == "cpu" and x.dtype == weight.dtype == torch.float32
    return usable and _ONEDNN and not torch.is_autocast_enabled("cpu")


_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _product(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """A b^T + bias through oneDNN."""
    return torch.ops.mkldnn._linear_pointwise(a, b, bias, "none", [], "")


class ThreeLayers(torch.autograd.Function):
    """`plain` and its gradient, which for constant parameters is that in x alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *parameters: Tensor) -> Tensor:
        """Output (N, C)."""
        w1, b1, w2, b2, w3, b3 = parameters
        h1 = F.linear(x, w1, b1).relu_()
        h2 = _product(h1, w2, b2).relu_()  # not oneDNN's own, which makes 0 of what is no number
        ctx.save_for_backward(x, h1, h2, *parameters)
        return F.linear(h2, w3, b3)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients in x and in the parameters."""
        (g3,) = outer
        x, h1, h2, *parameters = ctx.saved_tensors
        if torch.is_grad_enabled():
            return _differentiable(ctx.needs_input_grad, g3, (x, *parameters))
        w1, _, w2, _, w3, _ = parameters
        g2 = torch.ops.aten.threshold_backward(g3 @ w3, h2, 0)
        g1 = torch.ops.aten.threshold_backward(_product(g2, w2.t()), h1, 0)
        in_x = g1 @ w1 if ctx.needs_input_grad[0] else None
        if not any(ctx.needs_input_grad[1:]):
            return (in_x, *[None] * 6)
        return in_x, g1.t() @ x, g1.sum(0), _product(g2.t(), h1.t()), g2.sum(0), g3.t() @ h2, g3.sum(0)


def _differentiable(wanted: tuple[bool, ...], outer: Tensor, inputs: tuple[Tensor, ...]) -> tuple[Tensor | None, ...]:
    chosen = [tensor for tensor, want in zip(inputs, wanted, strict=True) if want]
    gradients = iter(torch.autograd.grad(plain(*inputs), chosen, outer, create_graph=True))
    return tuple(next(gradients) if want else None for want in wanted)
