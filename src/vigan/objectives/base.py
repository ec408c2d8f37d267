"""What a model of the family tells the engine: what its networks make, what D is shown, what is to be paid."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

Tensors = tuple[Tensor, ...]
Forward = Callable[..., Tensor]


class Settings(Protocol):
    """An arm's `model`: its kind, and what the kind may choose."""

    kind: Any


class Loss(NamedTuple):
    """A scalar loss in nats, D's logits (N,) behind it, and scalars it is made of, by name."""

    value: Tensor
    logits: Tensors = ()
    parts: Mapping[str, Tensor] = MappingProxyType({})


class Lesson(NamedTuple):
    """An update of the networks in `roles`, made once after the phase on each (x, z) of its batches."""

    roles: tuple[str, ...]
    loss: Callable[[Tensor, Tensor], Loss]


class Objective(ABC):
    """One model's side of the engine; networks come as callables by role, and are called on whole batches.

    `moved`: roles whose parameters the phase moves. `parts`: names of the scalars that its losses tell.
    """

    moved: tuple[str, ...]
    parts: tuple[str, ...] = ()

    def __init__(self, networks: Mapping[str, Forward], settings: Any) -> None:
        """Play with `networks` as `settings`, the arm's `model`, say."""
        self.networks, self.settings = networks, settings

    @abstractmethod
    def make(self, x: Tensor | None, z: Tensor) -> Tensors:
        """What the moved networks make of a real batch, where the model shows them one, and latents (N, latent)."""

    @abstractmethod
    def loss(self, made: Tensors, x: Tensor | None, z: Tensor) -> Loss:
        """The phase's loss, without terms."""

    def shown(self, made: Tensors, x: Tensor, z: Tensor) -> tuple[Tensors, Tensors]:
        """D's input that is to be called real, and that to be called fake."""
        raise NotImplementedError(f"{type(self).__name__} has no D")

    def held(self, made: Tensors) -> Tensor:
        """What the regulariser holds to its old value: all that was made, side by side."""
        return made[0] if len(made) == 1 else torch.cat([part.flatten(1) for part in made], 1)

    def lessons(self) -> Mapping[str, Lesson]:
        """Further updates, by the player's name."""
        return {}


def objective(model: Settings, networks: Mapping[str, Forward]) -> Objective:
    """The objective of an arm's `model`: the class named after its kind, in the file of that name."""
    module = importlib.import_module(f"vigan.objectives.{model.kind}")
    return getattr(module, model.kind.capitalize())(networks, model)
