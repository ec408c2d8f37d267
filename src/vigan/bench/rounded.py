"""Arithmetic of other precisions, emulated: products whose inputs are rounded, all else in float32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

MANTISSA = {"float32": 23, "tf32": 10, "bf16": 7, "3 bits": 3, "1 bit": 1, "0 bits": 0}
"""Fraction bits of each precision; the last three are no hardware's, as controls."""

aten = torch.ops.aten
PRODUCTS = {
    aten.convolution.default, aten.convolution_backward.default, aten.mm.default, aten.addmm.default, aten.bmm.default,
    aten.baddbmm.default, torch.ops.mkldnn._linear_pointwise.default,
}  # fmt: skip
"""What a training calculates on tensor cores: convolutions, products of matrices, and the gradients of both."""
ADDED = {aten.addmm.default, aten.baddbmm.default}
"""Products whose first input is added to them, in float32."""


def rounded(x: Tensor, bits: int) -> Tensor:
    """`x`, float32, to the nearest number of `bits` bits after the point, ties to even; a copy of the same strides."""
    dropped = MANTISSA["float32"] - bits
    if not dropped:
        return x
    pattern = x.view(torch.int32)
    last = pattern.bitwise_right_shift(dropped).bitwise_and_(1)
    kept = last.add_((1 << (dropped - 1)) - 1).add_(pattern).bitwise_and_(-1 << dropped)
    return kept.view(torch.float32)


class Rounding(TorchDispatchMode):
    """Within, every product sees its float32 inputs rounded to a precision, and sums in float32, as tensor cores do.

    What a product is added to, as a bias is, keeps all its bits. Tensor cores may sum in another order, and a library
    may cut where this rounds: neither is emulated.
    """

    def __init__(self, precision: str) -> None:
        super().__init__()
        self.bits = MANTISSA[precision]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """The operation's result."""
        if func in PRODUCTS:
            first, rest = (args[:1], args[1:]) if func in ADDED else ((), args)
            factors, added = (rest[:3], rest[3:]) if func is aten.convolution_backward.default else (rest[:2], rest[2:])
            args = (*first, *(rounded(factor, self.bits) for factor in factors), *added)
        return func(*args, **(kwargs or {}))
