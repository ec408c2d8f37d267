"""What a model tells the engine: what its networks make, what D is shown, what is to be paid."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vigan.config.methods.base import Method
from vigan.objectives.losses import discriminator_loss

Tensors = tuple[Tensor, ...]
Forward = Callable[..., Tensor]


class Loss(NamedTuple):
    """A scalar loss in nats, D's logits (N,) behind it, and scalars it is made of, by name."""

    value: Tensor
    logits: Tensors = ()
    parts: Mapping[str, Tensor] = MappingProxyType({})


Batched = Callable[[Any, Tensor], Loss]
"""The loss of a real batch (N, ...), if the phase sees any, and latents (N, latent)."""
Exact = Callable[[Any], Callable[[], Tensor]]
"""A step in closed form on a real batch; what it returns is the loss after it, computed if called."""


class Objective:
    """One model's side of the engine, for the phases that its `Method` declares.

    Networks come as callables by role, and are called on whole batches. A model with a "discriminator" phase has
    `outputs` and `discriminator_inputs`, one with a "generator" phase `outputs` and `loss`.
    """

    def __init__(self, networks: Mapping[str, Forward], settings: Any) -> None:
        """Train `networks` as `settings`, the arm's `model`, say."""
        self.networks, self.settings = networks, settings

    def outputs(self, x: Tensor | None, z: Tensor) -> Tensors:
        """What the networks that a phase moves make of a real batch, if it is shown one, and latents (N, latent)."""
        raise NotImplementedError(f"{type(self).__name__} has no outputs")

    def discriminator_inputs(self, outputs: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:
        """D's input that is to be called real, and that to be called fake."""
        raise NotImplementedError(f"{type(self).__name__} has no D")

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """D's loss of its logits (N,), without terms."""
        return discriminator_loss(real_logits, fake_logits)

    def loss(self, outputs: Tensors, x: Tensor | None, z: Tensor) -> Loss:
        """The loss of the "generator" phase, without terms."""
        raise NotImplementedError(f"{type(self).__name__} has no generator phase")

    def regularised(self, outputs: Tensors) -> Tensor:
        """What the regulariser compares with its old value, (N, ...): all outputs, side by side."""
        return outputs[0] if len(outputs) == 1 else torch.cat([part.flatten(1) for part in outputs], 1)

    def losses(self) -> Mapping[str, Batched]:
        """The losses of "plain" phases, by the phase's name."""
        return {}

    def steps(self) -> Mapping[str, Exact]:
        """The steps of "exact" phases, by the phase's name."""
        return {}


def objective(model: Method, networks: Mapping[str, Forward]) -> Objective:
    """The objective of an arm's `model`: the class named after its kind, in the file of that name."""
    module = importlib.import_module(f"vigan.objectives.{model.kind}")
    return getattr(module, model.kind.capitalize())(networks, model)
