from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vigan.config.arms import Arm, Mlp
from vigan.config.base import Strict
from vigan.config.stabilisers import checked, known_stabilisers, settings_of
from vigan.models.build import Networks
from vigan.objectives.applied import Stabilisers
from vigan.objectives.hooks import HOOKS, Stabiliser, StabiliserError, filled, stabiliser_class
from vigan.objectives.stabilisers import proximal, r1
from vigan.tools.linear_games import hooks_on, linear, normal, of_discriminator, of_generator

NAMES = known_stabilisers()
SHAPES = [(4, 2), (3, 1, 8, 8)]


def example(name: str) -> Stabiliser:
    """A stabiliser with some settings."""
    fields = settings_of(name).model_fields
    return stabiliser_class(name)(
        **{setting: 2 if field.annotation is int else 0.3 for setting, field in fields.items()}
    )


def those_with(hook: str) -> list[str]:
    """Names of those that fill a hook by themselves: terms of coupled ones are no function of the batch alone."""
    kinds = {name: stabiliser_class(name) for name in NAMES}
    return [name for name, kind in kinds.items() if filled(kind, hook) and not kind.coupled]


ZERO_AT_OLD = [name for name in NAMES if stabiliser_class(name).zero_at_old_generator]


def test_the_regulariser_and_its_rivals_are_there() -> None:
    assert {"proximal", "r1", "grad_clip", "ema", "spectral_norm"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_stabiliser_says_where_it_comes_from(name: str) -> None:
    module = __import__(stabiliser_class(name).__module__, fromlist=["_"])
    assert any(digit in (module.__doc__ or "") for digit in ("19", "20"))


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_read_from_a_file_are_those_of_its_class(name: str) -> None:
    def told(schema: type[Strict]) -> dict[str, str]:
        return {setting: repr(field) for setting, field in schema.model_fields.items()}

    assert told(settings_of(name)) == told(stabiliser_class(name))


@pytest.mark.parametrize("name", NAMES)
def test_settings_reach_the_stabiliser_as_they_were_written_and_cannot_be_changed(name: str) -> None:
    made = example(name)
    assert checked(name, made.model_dump()) == made.model_dump()
    for setting in made.model_dump():
        with pytest.raises(ValueError, match="frozen"):
            setattr(made, setting, 0.4)


def test_an_arm_s_stabilisers_are_its_regulariser_s_and_its_own_unless_lambda_is_zero() -> None:
    row = {"network": Mlp(kind="mlp"), "reading": "released", "d_batches": 1, "g_batches": 1}
    arms = [
        Arm.model_validate({**row, "lambda_mean": weight, "stabilisers": {"r1": {"gamma": 0.7}}})
        for weight in (0.0, 0.3)
    ]
    networks = nn.ModuleDict({"generator": nn.Linear(1, 1)})
    off, on = (Stabilisers(arm, 2, networks, seed=0).all for arm in arms)
    assert off == {"r1": r1.R1(gamma=0.7)}
    assert on == {"proximal": proximal.Proximal(lambda_mean=0.3), "r1": r1.R1(gamma=0.7)}
    assert list(on) == ["proximal", "r1"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"generator_terms": lambda self, view: 0}, "'generator_terms' is no hook; did you mean 'generator_term'"),
        ({"after_steps": lambda self: 0, "prepare": lambda self: 0}, "did you mean 'after_step'"),
        ({"gamma": 1.0, "_helper": lambda self: 0}, "fills no hook"),
    ],
    ids=["misspelt", "misspelt beside a hook", "none"],
)  # fmt: skip
def test_a_misspelt_hook_is_refused_with_the_nearest_one(body: dict[str, Any], complaint: str) -> None:
    with pytest.raises(StabiliserError, match=complaint):
        type("Misspelt", (Stabiliser,), {"__module__": __name__, "__annotations__": {"gamma": "float"}, **body})


def prepared(name: str) -> Networks:
    """Networks with what a stabiliser adds to them."""
    networks = Networks({"generator": nn.Linear(1, 1).double(), "discriminator": nn.Linear(1, 1).double()})
    example(name).prepare(networks, seed=0)
    return networks


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", NAMES)
def test_on_linear_networks_every_hook_comes_to_the_closed_form_that_its_stabiliser_declares(
    name: str, seed: int
) -> None:
    case = linear(seed)
    declared, measured = example(name).closed_form(case), hooks_on(example(name), case)
    for hook in ("generator_term", "discriminator_term"):
        assert (hook in declared) == filled(stabiliser_class(name), hook)
        if hook in declared:
            of = case.new if hook == "generator_term" else case.w
            ours, theirs = (
                torch.autograd.grad(value[hook], of, retain_graph=True)[0] for value in (measured, declared)
            )
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)
            assert theirs.abs().max() > 0
    assert declared.keys() <= measured.keys()
    for hook, value in declared.items():
        assert filled(stabiliser_class(name), hook)
        torch.testing.assert_close(measured[hook].detach(), value.detach(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_no_stabiliser_of_ours_moves_the_weights_of_g(name: str) -> None:
    made, networks = example(name), prepared(name)
    before = networks["generator"].weight.detach().clone()
    made.after_iteration(networks)
    with torch.no_grad():
        made.after_step("g", [networks["generator"].weight])
    assert torch.equal(networks["generator"].weight, before)


def test_every_hook_but_those_that_draw_is_held_to_a_closed_form() -> None:
    declared = {hook for name in NAMES for hook in example(name).closed_form(linear(0))}
    assert declared == set(HOOKS) - {"perturb"}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ZERO_AT_OLD)
def test_a_generator_term_and_its_gradient_are_exactly_zero_at_the_old_generator(
    name: str, shape: tuple[int, ...]
) -> None:
    for dtype in (torch.float32, torch.float64):
        fake = normal(*shape).to(dtype).requires_grad_()
        term = example(name).generator_term(of_generator(fake, fake.detach().clone()))
        assert term.ndim == 0
        assert term.item() == 0.0
        (gradient,) = torch.autograd.grad(term, fake)
        assert torch.equal(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", those_with("generator_term"))
def test_a_generator_term_acts_away_from_the_old_generator(name: str, shape: tuple[int, ...]) -> None:
    fake, old = normal(*shape).requires_grad_(), normal(*shape, seed=2)
    term = example(name).generator_term(of_generator(fake, old))
    (gradient,) = torch.autograd.grad(term, fake)
    assert term.item() > 0
    assert gradient.abs().max() > 0
    doubled = example(name).generator_term(of_generator(torch.cat([fake, fake]), torch.cat([old, old])))
    assert doubled.item() == pytest.approx(term.item(), rel=1e-12)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", those_with("discriminator_term"))
def test_a_discriminator_term_is_a_mean_over_the_batch_and_trains_d(name: str, shape: tuple[int, ...]) -> None:
    weight = normal(int(np.prod(shape[1:])), seed=1).requires_grad_()

    def judge(x: Tensor) -> Tensor:
        return (x.flatten(1) @ weight).square()

    real, fake = normal(*shape), normal(*shape, seed=2)
    view, doubled = (
        of_discriminator(judge, *(torch.cat([part] * times) for part in (real, fake)), networks=prepared(name))
        for times in (1, 2)
    )
    term = example(name).discriminator_term(view)
    (gradient,) = torch.autograd.grad(term, weight)
    assert term.ndim == 0
    if not view.draws.draws.known:  # twice the batch would get other numbers
        assert example(name).discriminator_term(doubled).item() == pytest.approx(term.item(), rel=1e-12)
    assert gradient.abs().max() > 0
    assert not real.requires_grad
    assert real.grad is None


def test_r1_of_a_quadratic_d_averages_over_the_real_batch_alone() -> None:
    matrix, real = normal(3, 3, seed=4), normal(7, 3)
    symmetric = matrix + matrix.T
    view = of_discriminator(lambda x: (x @ symmetric * x).sum(1) / 2, real, 100 + real)
    expected = 0.6 * np.mean([np.sum((symmetric.numpy() @ x) ** 2) / 2 for x in real.numpy()])
    assert r1.R1(gamma=0.6).discriminator_term(view).item() == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("shape", [(2,), (1, 32, 32), (3, 64, 64)], ids=str)
def test_lambda_of_the_squared_norm_is_lambda_of_the_mean_over_the_coordinates(shape: tuple[int, ...]) -> None:
    coordinates = int(np.prod(shape))
    row = {"network": Mlp(kind="mlp"), "reading": "released", "d_batches": 1, "g_batches": 1}
    by_sum, by_mean = (
        Arm.model_validate({**row, "lambda_sum": 0.7}),
        Arm.model_validate({**row, "lambda_mean": 0.7 * coordinates}),
    )
    fake, old = normal(3, *shape), normal(3, *shape, seed=1)
    squared_norms = [float(((a - b) ** 2).sum()) for a, b in zip(fake.numpy(), old.numpy(), strict=True)]
    weight = by_sum.lambda_per_mean(coordinates)
    assert weight == by_mean.lambda_per_mean(coordinates)
    term = proximal.Proximal(lambda_mean=weight).generator_term(of_generator(fake, old)).item()
    assert term == pytest.approx(0.7 * np.mean(squared_norms), rel=1e-12)
