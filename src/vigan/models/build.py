"""From an arm to its networks with their initial weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from vigan import rng
from vigan.config.arms import Arm, Dcgan, Mixture
from vigan.models import dcgan, mixture, mlp


class Networks(nn.ModuleDict):
    """The networks of one run by role: a generator always, a discriminator and an encoder where its model has them."""

    generator: nn.Module
    discriminator: nn.Module
    encoder: nn.Module

    @property
    def sampled_generator(self) -> nn.Module:
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
    factory = _factory(arm, shape, seed)
    parts = arm.model.roles(arm.network.latent)
    return {role: getattr(factory, part.builder)(*part.arguments) for role, part in parts.items()}


def _factory(
    arm: Arm, shape: tuple[int, ...], seed: int
) -> dcgan.NetworkFactory | mlp.NetworkFactory | mixture.NetworkFactory:
    network = arm.network
    if isinstance(network, Mixture):
        return mixture.NetworkFactory(network, shape, seed)
    return dcgan.NetworkFactory(network, shape) if isinstance(network, Dcgan) else mlp.NetworkFactory(network, shape)


@torch.no_grad()
def _initialise(networks: Networks, seed: int) -> None:
    for role, network in networks.items():
        for name, parameter in network.named_parameters():
            draws = rng.generator(seed, "init", f"{role}.{name}")
            initial_value: Any = network.initial_value
            value = initial_value(name, tuple(parameter.shape), draws)
            parameter.copy_(torch.from_numpy(value))
