"""The promises that every stabiliser keeps, as checks that can be run on one of somebody's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from pydantic.fields import FieldInfo
from torch import Tensor

from vigan.config.stabilisers import settings_of
from vigan.models.build import Networks
from vigan.objectives.hooks import DiscriminatorView, GeneratorView, Stabiliser, filled, stabiliser_class
from vigan.tools.check_training import Check, PromiseError, training_checks
from vigan.tools.linear_games import hooks_on, layer, linear, normal, of_discriminator, of_generator

TERMS = ("generator_term", "discriminator_term")
SHAPES = ((4, 2), (3, 1, 8, 8))
"""Batches of points, and of images."""


def stabiliser_checks(name: str) -> list[Check]:
    """The checks of a stabiliser, by the promise that each holds it to."""
    return [
        Check("its settings are bounded numbers, read without importing it", lambda: _settings(name)),
        Check("on linear networks its hooks come to the closed form that it declares", lambda: _closed_form(name)),
        Check("its terms are scalars, means over the batch, and have a gradient", lambda: _terms(name)),
        *training_checks(lambda: {"stabilisers": {name: settings(name)}}),
    ]


def settings(name: str) -> dict[str, Any]:
    """Settings to try a stabiliser with: its defaults, and where it has none a number that fits every kind."""
    fields = settings_of(name).model_fields
    tried = {field: 2 if about.annotation is int else 0.3 for field, about in fields.items() if about.is_required()}
    return settings_of(name).model_validate(tried).model_dump()


def _made(name: str) -> Stabiliser:
    return stabiliser_class(name)(**settings(name))


def _settings(name: str) -> None:
    read, defined = (
        {field: _declared(about) for field, about in schema.model_fields.items()}
        for schema in (settings_of(name), stabiliser_class(name))
    )
    if read != defined:
        raise PromiseError(
            f"its file says {', '.join(read) or 'none'} and its class has {', '.join(defined) or 'none'}"
        )


def _declared(about: FieldInfo) -> tuple[object, ...]:
    """What a setting may be, and its default as a number: 10 is 10.0."""
    return about.annotation, repr(about.metadata), None if about.is_required() else float(about.default)


def _closed_form(name: str) -> None:
    made = _made(name)
    for seed in range(3):
        case = linear(seed)
        declared, found = made.closed_form(case), hooks_on(made, case)
        for hook in TERMS:
            if filled(made, hook) and hook not in declared:
                raise PromiseError(f"closed_form says nothing of {hook}: return {{'{hook}': ...}} for D(x) = x w + b")
            if hook in declared:
                of = case.new if hook == "generator_term" else case.w
                _equal(f"the gradient of {hook}", *(_gradient(values, hook, of) for values in (found, declared)))
        for hook, value in declared.items():
            if hook not in found:
                raise PromiseError(f"closed_form tells of '{hook}', which is no hook that it fills")
            _equal(hook, found[hook], value)


def _gradient(values: Mapping[str, Tensor], hook: str, of: Tensor) -> Tensor:
    term = values[hook]
    if not term.requires_grad:
        return torch.zeros_like(of)
    (gradient,) = torch.autograd.grad(term, of, retain_graph=True, allow_unused=True)
    return torch.zeros_like(of) if gradient is None else gradient


def _equal(what: str, found: Tensor, declared: Tensor) -> None:
    found, declared = found.detach().double(), declared.detach().double()
    if found.shape != declared.shape or not torch.allclose(found, declared, rtol=1e-9, atol=1e-12):
        raise PromiseError(f"{what} is {_shown(found)}, and closed_form says {_shown(declared)}")


def _shown(value: Tensor) -> str:
    numbers = [f"{number:.6g}" for number in value.flatten().tolist()]
    return numbers[0] if len(numbers) == 1 else f"[{', '.join(numbers[:4])}{', ...' if len(numbers) > 4 else ''}]"


def _terms(name: str) -> None:
    made = _made(name)
    for shape in SHAPES:
        if filled(made, "discriminator_term") and not made.coupled:
            _discriminator_term(made, shape)
        if filled(made, "generator_term") and not made.coupled:
            _generator_term(made, shape)


def _discriminator_term(made: Stabiliser, shape: tuple[int, ...]) -> None:
    real, fake = normal(*shape), normal(*shape, seed=2)
    once, twice = (_of_discriminator(made, torch.cat([real] * n), torch.cat([fake] * n)) for n in (1, 2))
    term = made.discriminator_term(once)
    drawn = bool(once.draws.draws.known)
    _sound("discriminator_term", term, once.parameters["d"])
    _is_mean("discriminator_term", term, None if drawn else made.discriminator_term(twice))


def _of_discriminator(made: Stabiliser, real: Tensor, fake: Tensor) -> DiscriminatorView:
    known = _prepared(made, real)
    judge = known["networks"]["discriminator"]
    return of_discriminator(lambda x: judge(x.flatten(1)).squeeze(1).square(), real, fake, **known)


def _of_generator(made: Stabiliser, fake: Tensor, old: Tensor) -> GeneratorView:
    return of_generator(fake, old, **_prepared(made, fake))


def _prepared(made: Stabiliser, batch: Tensor) -> dict[str, Any]:
    """Linear networks of such examples with what a stabiliser adds to them, as before training; their parameters."""
    size = math.prod(batch.shape[1:])
    generator, discriminator = layer(normal(size, 2)), layer(normal(1, size, seed=1), normal(1, seed=2))
    networks = Networks({"generator": generator, "discriminator": discriminator})
    made.prepare(networks, seed=0)
    sides = {"d": networks["discriminator"], "g": networks["generator"]}
    return {"networks": networks, "parameters": {side: list(own.parameters()) for side, own in sides.items()}}


def _generator_term(made: Stabiliser, shape: tuple[int, ...]) -> None:
    fake, old = normal(*shape).requires_grad_(), normal(*shape, seed=2)
    view = _of_generator(made, fake, old)
    term = made.generator_term(view)
    drawn = bool(view.draws.draws.known)
    _sound("generator_term", term, [fake, *view.parameters["g"]])
    both = _of_generator(made, torch.cat([fake, fake]), torch.cat([old, old]))
    _is_mean("generator_term", term, None if drawn else made.generator_term(both))
    at_old = _of_generator(made, fake, fake.detach().clone())
    if made.zero_at_old_generator and made.generator_term(at_old).item() != 0:
        raise PromiseError("generator_term is not 0 at G = G_o; leave out zero_at_old_generator")


def _sound(hook: str, term: Tensor, of: Iterable[Tensor]) -> None:
    if term.ndim:
        raise PromiseError(f"{hook} has shape {tuple(term.shape)}; return a scalar, such as a mean over the batch")
    if not any(bool((_gradient({hook: term}, hook, each) != 0).any()) for each in of):
        raise PromiseError(
            f"{hook} has no gradient; a slope of D is differentiable with create_graph=True (slope_norms)"
        )


def _is_mean(hook: str, once: Tensor, twice: Tensor | None) -> None:
    """Twice the same batch is the same mean; a stabiliser that draws gets other numbers for it."""
    if twice is not None and not torch.allclose(once, twice, rtol=1e-9):
        raise PromiseError(f"{hook} is {_shown(once)} of a batch and {_shown(twice)} of it twice; take means, not sums")
