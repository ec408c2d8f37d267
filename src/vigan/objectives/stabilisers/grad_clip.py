"""Gradient clipping: the phase's gradient is scaled down to a norm of at most the weight; Pascanu et al. (2013)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn


def limit(parameters: Sequence[nn.Parameter], weight: float) -> None:
    """Scale all gradients by one factor so that their joint Euclidean norm is at most `weight`."""
    nn.utils.clip_grad_norm_(parameters, weight, foreach=True)
