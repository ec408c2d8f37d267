"""From an arm's network to two modules with their initial weights."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from vigan import rng
from vigan.config.arms import Dcgan, Mlp
from vigan.models import dcgan, mlp


class Networks(NamedTuple):
    """G and D of one run."""

    generator: nn.Module
    discriminator: nn.Module


def build(network: Dcgan | Mlp, shape: tuple[int, ...], seed: int) -> Networks:
    """G and D in training mode for examples of `shape`, float32 on the CPU, kernels channels-last.

    Every parameter is drawn from its own block of the `init` stream, named after it: arms of one seed start equal,
    with and without BN, whatever else differs.
    """
    with torch.random.fork_rng(devices=[]):  # torch's layers draw values of their own, which are replaced
        networks = _modules(network, shape)
    _initialise(networks, seed)
    return Networks(*(network.to(memory_format=torch.channels_last) for network in networks))


def _modules(network: Dcgan | Mlp, shape: tuple[int, ...]) -> Networks:
    if isinstance(network, Dcgan):
        channels, side, _ = shape
        return Networks(
            dcgan.Generator(network.dim, network.latent, side, channels, network.batch_norm),
            dcgan.Discriminator(network.dim, side, channels, network.batch_norm),
        )
    return Networks(
        mlp.Perceptron(network.latent, network.width, shape[0]),
        mlp.Discriminator(shape[0], network.width),
    )


@torch.no_grad()
def _initialise(networks: Networks, seed: int) -> None:
    for role, network in networks._asdict().items():
        for name, parameter in network.named_parameters():
            draws = rng.generator(seed, "init", f"{role}.{name}")
            value = network.initial_value(name, tuple(parameter.shape), draws)
            parameter.copy_(torch.from_numpy(value))
