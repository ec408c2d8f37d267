"""The adversarial losses of the released code, on logits."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """(BCE(D(x), 1) + BCE(D(G(z)), 0)) / 2, a scalar in nats, from logits (N,)."""
    return (bce(real_logits, torch.ones_like(real_logits)) + bce(fake_logits, torch.zeros_like(fake_logits))) / 2


def generator_loss(fake_logits: Tensor) -> Tensor:
    """-log D(G(z)), a scalar in nats, from logits (N,): the non-saturating loss."""
    return bce(fake_logits, torch.ones_like(fake_logits))
