"""The interface between a model and the engine: outputs, inputs of D, losses."""

from __future__ import annotations

import pkgutil
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
    """A scalar loss in nats, D's logits (N,) it is from, and its components by name."""

    value: Tensor
    logits: Tensors = ()
    parts: Mapping[str, Tensor] = MappingProxyType({})


Batched = Callable[[Any, Tensor], Loss]
"""A loss of a real batch (N, ...), if the phase has one, and latents (N, latent)."""
Exact = Callable[[Any], Callable[[], Tensor]]
"""A closed-form step on a real batch; returns a function that computes the loss after it."""


class Objective:
    """The losses of a model, for the phases that its `Method` declares.

    Networks are callables by role, called on whole batches. A model with a "discriminator" phase implements `outputs`
    and `discriminator_inputs`, one with a "generator" phase `outputs` and `loss`.
    """

    def __init__(self, networks: Mapping[str, Forward], settings: Any) -> None:
        """Use `networks` with `settings`, the arm's `model`."""
        self.networks, self.settings = networks, settings

    def outputs(self, x: Tensor | None, z: Tensor) -> Tensors:
        """Outputs of the networks that a phase trains, for a real batch, if it has one, and latents (N, latent)."""
        raise NotImplementedError(f"{type(self).__name__} has no outputs")

    def discriminator_inputs(self, outputs: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:
        """D's real and fake input."""
        raise NotImplementedError(f"{type(self).__name__} has no D")

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """D's loss from its logits (N,), without stabilisers' terms."""
        return discriminator_loss(real_logits, fake_logits)

    def loss(self, outputs: Tensors, x: Tensor | None, z: Tensor) -> Loss:
        """The loss of the "generator" phase, without stabilisers' terms."""
        raise NotImplementedError(f"{type(self).__name__} has no generator phase")

    def regularised(self, outputs: Tensors) -> Tensor:
        """The tensor (N, ...) that the regulariser compares with its old value: by default, all outputs."""
        return outputs[0] if len(outputs) == 1 else torch.cat([part.flatten(1) for part in outputs], 1)

    def losses(self) -> Mapping[str, Batched]:
        """The losses of "plain" phases, by the phase's name."""
        return {}

    def steps(self) -> Mapping[str, Exact]:
        """The steps of "exact" phases, by the phase's name."""
        return {}


def objective(model: Method, networks: Mapping[str, Forward]) -> Objective:
    """The objective of an arm's `model`: the class that this names."""
    return pkgutil.resolve_name(model.objective)(networks, model)
