"""EM for Gaussian mixtures as alternating minimisation of KL(p~(x) p(z|x) || q(z) q(x|z)): Su (2018), (8) to (11).

z is a component, p(z|x) an unrestricted table of responsibilities, q(z) q(x|z) the mixture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vigan.errors import UserError
from vigan.objectives.base import Exact, Forward, Objective
from vigan.objectives.gaussian import LOG_TWO_PI


class MixtureError(UserError, ValueError):
    """A mixture that cannot be fitted or evaluated; the message says which component and what to do."""


class Mixture(NamedTuple):
    """q(z) q(x|z): weights (k,) that sum to 1, means (k, d), covariances (k, d, d)."""

    weights: Tensor
    means: Tensor
    covariances: Tensor


def posterior(x: Tensor, mixture: Mixture) -> Tensor:
    """p(z|x) = q(z|x) for x (n, d), rows (n, k) that sum to 1: the p-step, exact, equation 11."""
    return log_joint(x, mixture).softmax(1)


def maximise(x: Tensor, responsibilities: Tensor, reg: float) -> Mixture:
    """The mixture of least joint KL for x (n, d) and p(z|x) (n, k): the q-step, equation 8.

    `reg` is added to the diagonals of the covariances, as scikit-learn's `reg_covar`; the minimum is exact for 0 only.
    Raises MixtureError if a component has lost all points.
    """
    counts = responsibilities.sum(0)
    _check(counts <= 0, "has lost all points: start elsewhere or with fewer components")
    shares = (responsibilities / counts).T
    means = shares @ x
    covariances = torch.stack([_scatter(x - mean, share) for mean, share in zip(means, shares, strict=True)])
    return Mixture(counts / counts.sum(), means, covariances + reg * torch.eye(x.shape[1]).to(x))


def joint_kl(x: Tensor, responsibilities: Tensor, mixture: Mixture) -> Tensor:
    """KL(p~(x) p(z|x) || q(z) q(x|z)) without E_p~[log p~(x)], a scalar in nats, p~ the sample x (n, d).

    The omitted constant is minus the entropy of p~, which neither step affects. At the exact posterior
    the value is the mean of -log q(x).
    """
    terms = responsibilities * (responsibilities.log() - log_joint(x, mixture))
    return torch.where(responsibilities > 0, terms, 0).sum(1).mean()


def log_likelihood(x: Tensor, mixture: Mixture) -> Tensor:
    """Log q(x) per example, (n,), in nats."""
    return log_joint(x, mixture).logsumexp(1)


def log_joint(x: Tensor, mixture: Mixture) -> Tensor:
    """Log q(z) q(x|z), (n, k), in nats. Raises MixtureError if a covariance is not positive definite."""
    factors, failures = torch.linalg.cholesky_ex(mixture.covariances)
    _check(failures != 0, "has no positive definite covariance: choose a larger reg")
    parts = [_log_normal(x - mean, factor) for mean, factor in zip(mixture.means, factors, strict=True)]
    return mixture.weights.log() + torch.stack(parts, dim=1)


def _log_normal(deviations: Tensor, factor: Tensor) -> Tensor:
    """Log density (n,) of deviations (n, d) from the mean, given the lower Cholesky factor of the covariance."""
    white = torch.linalg.solve_triangular(factor, deviations.T, upper=False)
    return -(white.square() + LOG_TWO_PI).sum(0) / 2 - factor.diagonal().log().sum()


def _scatter(deviations: Tensor, share: Tensor) -> Tensor:
    """Sum of outer products (d, d), weighted by `share` (n,)."""
    return (share.unsqueeze(1) * deviations).T @ deviations


def _check(wrong: Tensor, complaint: str) -> None:
    if bool(wrong.any()):
        raise MixtureError(f"component {int(wrong.nonzero()[0])} of {len(wrong)} {complaint}")


class Em(Objective):
    """Fits the network "generator", a mixture, in its own precision; steps are exact on the whole data set."""

    def __init__(self, networks: Mapping[str, Forward], settings: Any) -> None:
        """Start from the current mixture."""
        super().__init__(networks, settings)
        generator: Any = networks["generator"]
        self.mixture = Mixture(generator.weights, generator.means, generator.covariances)

    def steps(self) -> Mapping[str, Exact]:
        """Both halves of an iteration."""
        return {"p_step": self._p_step, "q_step": self._q_step}

    def _p_step(self, x: Tensor) -> Callable[[], Tensor]:
        self.x = x.to(self.mixture.means)
        self.responsibilities = posterior(self.x, self.mixture)
        return self._joint_kl

    def _q_step(self, x: Tensor) -> Callable[[], Tensor]:
        fitted = maximise(self.x, self.responsibilities, self.settings.floor)
        for place, value in zip(self.mixture, fitted, strict=True):
            place.copy_(value)
        return self._joint_kl

    def _joint_kl(self) -> Tensor:
        return joint_kl(self.x, self.responsibilities, self.mixture)
