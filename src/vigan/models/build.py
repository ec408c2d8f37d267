"""From an arm to its networks with their initial weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from vigan import rng
from vigan.config.arms import Arm, Dcgan, Mixture
from vigan.config.models import Aae, Ali, Vae
from vigan.models import dcgan, mlp
from vigan.models.mixture import GaussianMixture


class Networks(nn.ModuleDict):
    """The networks of one run by role: a generator always, a discriminator and an encoder where its model has them."""

    generator: nn.Module
    discriminator: nn.Module
    encoder: nn.Module

    @property
    def shown(self) -> nn.Module:
        """The generator that is sampled and kept: a stabiliser's "average" of it where there is one."""
        return self["average" if "average" in self else "generator"]


def build(arm: Arm, shape: tuple[int, ...], seed: int) -> Networks:
    """Networks in training mode for examples of `shape`, float32 on the CPU, kernels channels-last.

    Every parameter is drawn from its own block of the `init` stream, named after it: arms of one seed start equal,
    with and without BN, whatever else differs.
    """
    with torch.random.fork_rng(devices=[]):  # torch's layers draw values of their own, which are replaced
        networks = Networks(_modules(arm, shape, seed))
    _initialise(networks, seed)
    return networks.to(memory_format=torch.channels_last)


def _modules(arm: Arm, shape: tuple[int, ...], seed: int) -> dict[str, nn.Module]:
    network, latent = arm.network, arm.network.latent
    if isinstance(network, Mixture):
        return {"generator": _mixture(network.components, shape[0], seed)}
    kit = dcgan.Kit(network, shape) if isinstance(network, Dcgan) else mlp.Kit(network, shape)
    networks: dict[str, nn.Module] = {"generator": kit.generator()}
    match arm.model:
        case Vae():
            return networks | {"encoder": kit.encoder(2 * latent)}
        case Aae():
            return networks | {"encoder": kit.encoder(latent), "discriminator": kit.code_discriminator()}
        case Ali():
            return networks | {"encoder": kit.encoder(latent), "discriminator": kit.joint_discriminator()}
        case _:
            return networks | {"discriminator": kit.discriminator()}


def _mixture(components: int, width: int, seed: int) -> GaussianMixture:
    """Equal weights, means drawn from N(0, I), covariances I, in float64."""
    means = rng.generator(seed, "init", "generator.means").standard_normal((components, width))
    weights = torch.full((components,), 1 / components, dtype=torch.float64)
    return GaussianMixture(weights, torch.from_numpy(means), torch.eye(width).double().repeat(components, 1, 1))


@torch.no_grad()
def _initialise(networks: Networks, seed: int) -> None:
    for role, network in networks.items():
        for name, parameter in network.named_parameters():
            draws = rng.generator(seed, "init", f"{role}.{name}")
            initial_value: Any = network.initial_value
            value = initial_value(name, tuple(parameter.shape), draws)
            parameter.copy_(torch.from_numpy(value))
