"""What a stabiliser sees and returns. Its terms come back unweighted; the engine weights, logs and adds them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor, nn


class GeneratorView(NamedTuple):
    """What a term of the phase's loss may use: fakes G(z), old fakes G_o(z) on the same z (no gradient), D's logits.

    For models that make other things than fakes, these are what the regulariser holds (N, ...).
    """

    fake: Tensor
    old_fake: Tensor
    logits: tuple[Tensor, ...]


class DiscriminatorView(NamedTuple):
    """What a term of D's loss may use: D itself, and its input of a real batch and of a fake one (no gradient)."""

    discriminator: Callable[..., Tensor]
    real: tuple[Tensor, ...]
    fake: tuple[Tensor, ...]


GeneratorTerm = Callable[[GeneratorView], Tensor]
DiscriminatorTerm = Callable[[DiscriminatorView], Tensor]


class Stabilisers(NamedTuple):
    """What an arm's stabilisers do, zero weights left out.

    Terms are name to (weight, term). `vanishing` are G's terms that are exactly zero at G = G_o, with their gradients.
    `prepare` is called with the networks by role and the seed before there is an optimiser; `limit` with the phase's
    parameters, their gradients filled, before each of its steps; `follow` with the networks after each iteration.
    """

    generator: Mapping[str, tuple[float, GeneratorTerm]]
    discriminator: Mapping[str, tuple[float, DiscriminatorTerm]]
    vanishing: frozenset[str]
    prepare: Sequence[Callable[[nn.ModuleDict, int], None]]
    limit: Sequence[Callable[[Sequence[nn.Parameter]], None]]
    follow: Sequence[Callable[[nn.ModuleDict], None]]


def collect(weights: Mapping[str, float]) -> Stabilisers:
    """The stabilisers named in `weights`; each is a module of this package's `stabilisers` folder.

    A stabiliser module fills any of these slots: `generator_term(view)`, which may be declared to be one that
    `VANISHES_AT_OLD_GENERATOR`; `discriminator_term(view)`; `prepare(networks, seed, weight)`; `limit(parameters,
    weight)`; `follow(networks, weight)`.
    """
    modules = {
        name: (weight, importlib.import_module(f"vigan.objectives.stabilisers.{name}"))
        for name, weight in weights.items()
        if weight
    }

    def slot(name: str) -> dict[str, tuple[float, Callable[..., Any]]]:
        return {key: (weight, getattr(m, name)) for key, (weight, m) in modules.items() if hasattr(m, name)}

    def bound(name: str) -> list[Callable[..., None]]:
        return [partial(function, weight=weight) for weight, function in slot(name).values()]

    vanishing = (key for key, (_, module) in modules.items() if getattr(module, "VANISHES_AT_OLD_GENERATOR", False))
    return Stabilisers(
        slot("generator_term"), slot("discriminator_term"), frozenset(vanishing), bound("prepare"), bound("limit"),
        bound("follow"),
    )  # fmt: skip
