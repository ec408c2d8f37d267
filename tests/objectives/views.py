"""What a stabiliser sees, made up: views of given tensors, and linear networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vigan.objectives.draws import Draws, Stream
from vigan.objectives.hooks import DiscriminatorView, GeneratorView, Linear, uncoupled

NOTHING: dict[str, Any] = {"networks": nn.ModuleDict(), "parameters": {}, "losses": uncoupled}
"""What a view knows beside the batch, where nothing is asked of it."""


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def stream() -> Stream:
    return Draws(0, torch.zeros(1, dtype=torch.float64)).of("tested")


def of_generator(fake: Tensor, old_fake: Tensor, **known: Any) -> GeneratorView:
    return GeneratorView(fake, old_fake, (fake.flatten(1).sum(1),), stream(), **{**NOTHING, **known})


def of_discriminator(
    discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, **known: Any
) -> DiscriminatorView:
    logits = discriminator(real), discriminator(fake)
    return DiscriminatorView(discriminator, (real,), (fake,), logits, stream(), **{**NOTHING, **known})


def wasserstein(case: Linear) -> dict[str, Any]:
    """Parameters and losses of a linear Wasserstein GAN, for stabilisers that are coupled."""
    logits = case.z @ case.new.T @ case.w
    losses = {"d": logits.mean() - (case.real @ case.w).mean(), "g": -logits.mean()}
    return {"parameters": {"d": [case.w], "g": [case.new]}, "losses": lambda: losses}


def linear(seed: int, examples: int = 7, coordinates: int = 3, latent: int = 2) -> Linear:
    """Linear networks whose weights, but not their data, may be differentiated."""
    w, b, old, new, real, z, gradient = (
        normal(*shape, seed=10 * seed + place)
        for place, shape in enumerate(
            [(coordinates,), (), (coordinates, latent), (coordinates, latent), (examples, coordinates),
             (examples, latent), (coordinates, latent)]
        )
    )  # fmt: skip
    return Linear(w.requires_grad_(), b, old, new.requires_grad_(), real, z, gradient)
