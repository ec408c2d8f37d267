"""Gaussians with a diagonal covariance: divergence from the prior, density, samples. All logarithms are natural.

Shapes are (N, ...): one Gaussian per example, over all its further coordinates.
"""

from __future__ import annotations

import math

from torch import Tensor

LOG_TWO_PI = math.log(2 * math.pi)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, diag exp(log_variance)) || N(0, I)) per example, (N,), in nats: VAE's second term, Su (2018), (6)."""
    return (mean.square() + log_variance.expm1() - log_variance).flatten(1).sum(1) / 2


def log_density(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Log N(x; mean, diag exp(log_variance)) per example, (N,), in nats, with its constant.

    `log_variance` may be anything that broadcasts to the shape of `x`.
    """
    squares = (x - mean).square() * (-log_variance).exp()
    return -(squares + log_variance + LOG_TWO_PI).flatten(1).sum(1) / 2


def sample(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Draws from N(mean, diag exp(log_variance)) given standard normal noise of the same shape, differentiable."""
    return mean + (log_variance / 2).exp() * noise
