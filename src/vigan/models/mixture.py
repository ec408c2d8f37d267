"""A Gaussian mixture as a generator, so that it is sampled and measured like any network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vigan import rng
from vigan.config.arms import Mixture


class GaussianMixture(nn.Module):
    """G: standard normal latents (n, 1 + d) to points (n, d) of the mixture.

    Weights (k,) that sum to 1, means (k, d), covariances (k, d, d) are buffers of any precision; in float32
    a covariance whose eigenvalues differ by more than 1e6 may no longer be positive definite.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor

    def __init__(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.register_buffer("means", means)
        self.register_buffer("covariances", covariances)

    def forward(self, z: Tensor) -> Tensor:
        """Points (n, d) in the precision of `z`: z[:, 0] picks the component, z[:, 1:] is noise around its mean.

        Raises torch.linalg.LinAlgError if a covariance is not positive definite.
        """
        component, points = self.component(z[:, 0]), torch.empty_like(z[:, 1:])
        for index in component.unique().tolist():
            points[component == index] = self._around(index, z[component == index, 1:])
        return points

    def component(self, z: Tensor) -> Tensor:
        """Index (n,) of the component whose interval of the cumulated weights holds the normal CDF of `z` (n,)."""
        limits = self.weights.double().cumsum(0)[:-1]
        return torch.searchsorted(limits, torch.special.ndtr(z.double()))

    def _around(self, index: int, noise: Tensor) -> Tensor:
        factor = torch.linalg.cholesky(self.covariances[index].double())
        return (self.means[index] + noise.double() @ factor.T).to(noise.dtype)


class NetworkFactory:
    """The mixture of one `Mixture` row for points of `shape`, as the seed starts it."""

    def __init__(self, network: Mixture, shape: tuple[int, ...], seed: int) -> None:
        self.components, self.width, self.seed = network.components, shape[0], seed

    def generator(self) -> GaussianMixture:
        """Equal weights, means drawn from N(0, I), covariances I, in float64."""
        draws = rng.generator(self.seed, "init", "generator.means")
        means = draws.standard_normal((self.components, self.width))
        weights = torch.full((self.components,), 1 / self.components, dtype=torch.float64)
        covariances = torch.eye(self.width).double().repeat(self.components, 1, 1)
        return GaussianMixture(weights, torch.from_numpy(means), covariances)
