"""Adversarial losses on logits, or a critic's values: each a pair, D's of both batches and G's of fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import mse_loss, relu, softplus


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """(BCE(D(x), 1) + BCE(D(G(z)), 0)) / 2, a scalar in nats, from logits (N,), halved as in the released code."""
    return (bce(real_logits, torch.ones_like(real_logits)) + bce(fake_logits, torch.zeros_like(fake_logits))) / 2


def generator_loss(fake_logits: Tensor) -> Tensor:
    """-log D(G(z)), a scalar in nats, from logits (N,): the non-saturating loss."""
    return bce(fake_logits, torch.ones_like(fake_logits))


def min_max_generator_loss(fake_logits: Tensor) -> Tensor:
    """log(1 - D(G(z))), a scalar in nats, from logits (N,): Goodfellow et al. (2014), equation 1."""
    return -softplus(fake_logits).mean()


def hinge_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))), means over logits (N,): Miyato et al. (2018), equation 16."""
    return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()


def least_squares_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """((D(x) - 1)^2 + D(G(z))^2) / 2, means over (N,): Mao et al. (2017), equation 9, where D is the logit itself."""
    return (mse_loss(real_logits, torch.ones_like(real_logits)) + fake_logits.square().mean()) / 2


def least_squares_generator_loss(fake_logits: Tensor) -> Tensor:
    """(D(G(z)) - 1)^2 / 2, a mean over (N,): Mao et al. (2017), equation 9."""
    return mse_loss(fake_logits, torch.ones_like(fake_logits)) / 2


def wasserstein_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """D(G(z)) - D(x), means over a critic's values (N,): Arjovsky et al. (2017), algorithm 1."""
    return fake_logits.mean() - real_logits.mean()


def critic_generator_loss(fake_logits: Tensor) -> Tensor:
    """-D(G(z)), a mean over logits or a critic's values (N,): what G minimises beside hinge and Wasserstein losses."""
    return -fake_logits.mean()


class Adversarial(NamedTuple):
    """Two losses: D's, of real and fake logits, and G's, of fake ones."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


ADVERSARIAL: Mapping[str, Adversarial] = MappingProxyType(
    {
        "non-saturating": Adversarial(discriminator_loss, generator_loss),
        "min-max": Adversarial(discriminator_loss, min_max_generator_loss),
        "hinge": Adversarial(hinge_discriminator_loss, critic_generator_loss),
        "least-squares": Adversarial(least_squares_discriminator_loss, least_squares_generator_loss),
        "wasserstein": Adversarial(wasserstein_discriminator_loss, critic_generator_loss),
    }
)
"""Losses of a GAN by the name that an arm gives them; `vigan.config.methods.gan` says the same in words."""
