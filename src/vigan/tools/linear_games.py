"""What hooks of a stabiliser come to on linear networks, where a closed form can be written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vigan.models.build import Networks
from vigan.objectives.draws import Draws, Stream
from vigan.objectives.hooks import DiscriminatorView, GeneratorView, Linear, Stabiliser, filled, uncoupled

NOTHING: dict[str, Any] = {"networks": nn.ModuleDict(), "parameters": {}, "losses": uncoupled}
"""What a view knows beside the batch, where nothing is asked of it."""


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers, float64."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def stream() -> Stream:
    """Random numbers of a stabiliser, float64."""
    return Draws(0, torch.zeros(1, dtype=torch.float64)).of("tested")


def of_generator(fake: Tensor, old_fake: Tensor, **known: Any) -> GeneratorView:
    """What a term of G's phase sees of given fakes."""
    return GeneratorView(fake, old_fake, (fake.flatten(1).sum(1),), stream(), **{**NOTHING, **known})


def of_discriminator(
    discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, **known: Any
) -> DiscriminatorView:
    """What a term of D sees of a given D and batch."""
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


def hooks_on(made: Stabiliser, case: Linear) -> dict[str, Tensor]:
    """What each hook of a stabiliser comes to on linear networks, by hook: see `Stabiliser.closed_form`."""
    results: dict[str, Tensor] = {}
    generator, discriminator = layer(case.old), layer(case.w[None], case.b[None])
    networks = Networks({"generator": generator, "discriminator": discriminator})
    made.prepare(networks, seed=0)
    known = {"networks": networks, **wasserstein(case)}
    if filled(made, "generator_term"):
        results["generator_term"] = made.generator_term(of_generator(case.z @ case.new.T, case.z @ case.old.T, **known))
    if filled(made, "discriminator_term"):
        view = of_discriminator(lambda x: x @ case.w + case.b, case.real, case.z @ case.old.T, **known)
        results["discriminator_term"] = made.discriminator_term(view)
    results["prepare"] = discriminator.eval()(case.real).squeeze(1)
    moved = _weight(generator)
    moved.data.copy_(case.new)
    made.after_iteration(networks)
    results["after_iteration"] = _weight(networks.sampled_generator)
    moved.grad = case.gradient.clone()
    made.before_step("g", [moved])
    results["before_step"] = moved.grad
    weight = nn.Parameter(case.w.detach().clone())
    with torch.no_grad():
        made.after_step("d", [weight])
    return results | {"after_step": weight}


def _weight(generator: nn.Module) -> nn.Parameter:
    """A linear G's only parameter, which `prepare` may have wrapped."""
    return next(generator.parameters())


def layer(weight: Tensor, bias: Tensor | None = None) -> nn.Linear:
    """A layer, float64, of a weight (outputs, inputs) and a bias (outputs,)."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None).double()
    layer.load_state_dict({"weight": weight.detach()} | ({} if bias is None else {"bias": bias.detach()}))
    return layer
