"""The interface of stabilisers: their hooks (a closed set) and the views that hooks get.

A stabiliser is a frozen record: its fields are the settings in an arm, its methods the hooks that it implements.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from torch import Tensor, nn

from vigan import plugins
from vigan.config.base import Strict, nearest
from vigan.config.stabilisers import module_of
from vigan.errors import UserError
from vigan.objectives.base import Tensors
from vigan.objectives.draws import Stream

Parameters = Mapping[str, Sequence[nn.Parameter]]
"""Parameters by optimizer group: "d", "g", and the names of a model's further phases."""


class StabiliserError(UserError, TypeError):
    """A stabiliser that is declared wrongly; the message says what to write."""


class GeneratorView(NamedTuple):
    """Arguments of a term of the generator phase.

    `fake` are the fakes G(z), `old_fake` those of G_o on the same z (no gradient), (N, ...); for models with other
    outputs, they are what the regulariser compares. `logits` are D's on them, (N,). See `DiscriminatorView`
    for the others.
    """

    fake: Tensor
    old_fake: Tensor
    logits: Tensors
    draws: Stream
    networks: nn.ModuleDict
    parameters: Parameters
    losses: Callable[[], Mapping[str, Tensor]]


class DiscriminatorView(NamedTuple):
    """Arguments of a term of D's loss.

    `discriminator` maps D's inputs to logits (N,); `real` and `fake` are such inputs, of a real batch and of a fake one
    (no gradient), and `logits` D's on either. `draws` are its random numbers; `networks` hold those that its `prepare`
    added, `parameters` what every optimizer group moves. `losses` makes the losses of D ("d") and of G's phase ("g") on
    this batch, without terms, differentiable in all parameters; only stabilisers that are `coupled` may call it.
    """

    discriminator: Callable[..., Tensor]
    real: Tensors
    fake: Tensors
    logits: Tensors
    draws: Stream
    networks: nn.ModuleDict
    parameters: Parameters
    losses: Callable[[], Mapping[str, Tensor]]


View = GeneratorView | DiscriminatorView


def uncoupled() -> Mapping[str, Tensor]:
    """Replaces `losses` for stabilisers that are not coupled. Raises StabiliserError."""
    raise StabiliserError("a stabiliser that differentiates the losses of both sides says so: coupled: ClassVar = True")


class Linear(NamedTuple):
    """Linear networks for closed forms of hooks: D(x) = x w + b, G(z) = z A^T.

    `w` (d,), `b` (), `old` and `new` (d, latent) are A before the phase and at an update, `real` (N, d) and `z` (N,
    latent) examples and latents, `gradient` (d, latent) a gradient in A.
    """

    w: Tensor
    b: Tensor
    old: Tensor
    new: Tensor
    real: Tensor
    z: Tensor
    gradient: Tensor


class Stabiliser(Strict):
    """Base of every stabiliser; a subclass overrides the hooks that it implements and no other public method.

    `zero_at_old_generator`: the generator term and its gradient are exactly zero at G = G_o, where it is left out.
    `coupled`: a term differentiates the losses of both sides (`view.losses`).
    """

    zero_at_old_generator: ClassVar[bool] = False
    coupled: ClassVar[bool] = False

    def __init_subclass__(cls, **settings: Any) -> None:
        """Refuse a public method that is no hook or takes other arguments than that hook, and a class without hooks."""
        super().__init_subclass__(**settings)
        own = [name for name, value in vars(cls).items() if callable(value) and not name.startswith("_")]
        for name in own:
            if name not in (*HOOKS, "closed_form"):
                raise StabiliserError(f"stabiliser {cls.__name__}: '{name}' is no hook{nearest(name, HOOKS)}")
            _check_arguments(f"stabiliser {cls.__name__}: '{name}'", vars(cls)[name], getattr(Stabiliser, name))
        if not set(own) & set(HOOKS):
            raise StabiliserError(f"stabiliser {cls.__name__} fills no hook; there are {', '.join(HOOKS)}")

    def prepare(self, networks: nn.ModuleDict, seed: int) -> None:
        """Wrap or add networks before there is an optimiser; draw initial values by `vigan.rng` from the run's seed."""

    def perturb(self, inputs: Tensors, draws: Stream) -> Tensors:
        """D's inputs in place of `inputs`, a tuple of tensors of the same shapes, real or fake, for every call of D.

        `draws.iteration()` is for what fades.
        """
        raise NotImplementedError

    def generator_term(self, view: GeneratorView) -> Tensor:
        """A weighted scalar, a mean over the batch, that is added to the loss of G's phase."""
        raise NotImplementedError

    def discriminator_term(self, view: DiscriminatorView) -> Tensor:
        """A weighted scalar, a mean over the batch, that is added to D's loss."""
        raise NotImplementedError

    def before_step(self, group: str, parameters: Sequence[nn.Parameter]) -> None:
        """Change the gradients of an optimizer group before its step."""

    def after_step(self, group: str, parameters: Sequence[nn.Parameter]) -> None:
        """Change the parameters of an optimizer group after its step."""

    def after_iteration(self, networks: nn.ModuleDict) -> None:
        """Do something after every iteration."""

    def closed_form(self, linear: Linear) -> Mapping[str, Tensor]:
        """The closed form of its hooks on linear networks, by hook; every term must be included.

        generator_term, discriminator_term: the term; if `coupled`, the losses are D(G(z)) - D(x) and -D(G(z)), means,
        of w and of A as it is `new`. prepare: D's logits on `real`. before_step: the gradient in A. after_step: w.
        after_iteration: A of the network that is sampled, if A was `old` when training began and is `new` now.
        """
        return {}


HOOKS = (
    "prepare", "perturb", "generator_term", "discriminator_term", "before_step", "after_step", "after_iteration",
)  # fmt: skip
"""Every hook, in the order of a run."""


def _check_arguments(what: str, own: Any, hook: Callable[..., Any]) -> None:
    """Raise StabiliserError for a method that cannot be called as a hook is."""
    wanted = list(inspect.signature(hook).parameters)
    try:
        inspect.signature(own).bind(*wanted[isinstance(own, staticmethod) :])
    except TypeError as error:
        written = f"def {hook.__name__}({', '.join(wanted)})"
        raise StabiliserError(f"{what} cannot be called as it is ({error}); write `{written}`") from None


def filled(stabiliser: Stabiliser | type[Stabiliser], hook: str) -> bool:
    """Whether a stabiliser implements a hook."""
    kind = stabiliser if isinstance(stabiliser, type) else type(stabiliser)
    return getattr(kind, hook) is not getattr(Stabiliser, hook)


def stabiliser_class(name: str) -> type[Stabiliser]:
    """The class of a stabiliser's module: the one defined there. Raises PluginError for a plug-in without one."""
    module = plugins.load(module_of(name))
    found = [value for value in vars(module).values() if _is_own(value, module.__name__)]
    if len(found) != 1:
        raise plugins.PluginError(
            f"plug-in {module.__name__}: one class that derives from vigan.objectives.hooks.Stabiliser is needed, and "
            f"there are {len(found)}"
        )
    if not found[0].model_config.get("frozen"):
        raise plugins.PluginError(
            f"plug-in {module.__name__}: {found[0].__name__} can be changed while it trains; leave out its model_config"
        )
    return found[0]


def _is_own(value: object, module: str) -> bool:
    return isinstance(value, type) and issubclass(value, Stabiliser) and value.__module__ == module
