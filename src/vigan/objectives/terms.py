"""What a stabiliser sees and returns. Its terms come back unweighted; the engine weights, logs and adds them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor


class GeneratorView(NamedTuple):
    """What a term of G's loss may use: fakes G(z), old fakes G_o(z) on the same z (no gradient), logits D(G(z))."""

    fake: Tensor
    old_fake: Tensor
    fake_logits: Tensor


class DiscriminatorView(NamedTuple):
    """What a term of D's loss may use: D itself, a real batch and a fake one (no gradient into G)."""

    discriminator: Callable[[Tensor], Tensor]
    real: Tensor
    fake: Tensor


GeneratorTerm = Callable[[GeneratorView], Tensor]
DiscriminatorTerm = Callable[[DiscriminatorView], Tensor]


class Terms(NamedTuple):
    """Weighted terms of an arm: name to (weight, term), zero weights left out.

    `vanishing` are G's terms that are exactly zero at G = G_o, with their gradients.
    """

    generator: Mapping[str, tuple[float, GeneratorTerm]]
    discriminator: Mapping[str, tuple[float, DiscriminatorTerm]]
    vanishing: frozenset[str]


def collect(weights: Mapping[str, float]) -> Terms:
    """Terms of the stabilisers named in `weights`; each is a module of this package's `stabilisers` folder.

    A stabiliser module defines `generator_term`, `discriminator_term`, or both, and may declare that its generator
    term `VANISHES_AT_OLD_GENERATOR`.
    """
    vanishing: set[str] = set()
    generator: dict[str, tuple[float, GeneratorTerm]] = {}
    discriminator: dict[str, tuple[float, DiscriminatorTerm]] = {}
    for name, weight in weights.items():
        module = importlib.import_module(f"vigan.objectives.stabilisers.{name}")
        if weight and hasattr(module, "generator_term"):
            generator[name] = (weight, module.generator_term)
            vanishing |= {name} if getattr(module, "VANISHES_AT_OLD_GENERATOR", False) else set()
        if weight and hasattr(module, "discriminator_term"):
            discriminator[name] = (weight, module.discriminator_term)
    return Terms(generator, discriminator, frozenset(vanishing))
