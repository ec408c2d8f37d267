from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import vigan.objectives.stabilisers as folder
from vigan.config.arms import Arm, Mlp
from vigan.objectives.stabilisers import proximal, r1
from vigan.objectives.terms import DiscriminatorView, GeneratorView, collect

assert folder.__file__ is not None
NAMES = sorted(file.stem for file in Path(folder.__file__).parent.glob("*.py") if file.stem != "__init__")
OF_GENERATOR = [
    name for name in NAMES if hasattr(importlib.import_module(f"{folder.__name__}.{name}"), "generator_term")
]
OF_DISCRIMINATOR = [
    name for name in NAMES if hasattr(importlib.import_module(f"{folder.__name__}.{name}"), "discriminator_term")
]
SLOTS = ("generator_term", "discriminator_term", "prepare", "limit", "follow")
SHAPES = [(4, 2), (3, 1, 8, 8)]


def module(name: str) -> ModuleType:
    return importlib.import_module(f"{folder.__name__}.{name}")


VANISHING = [name for name in OF_GENERATOR if getattr(module(name), "VANISHES_AT_OLD_GENERATOR", False)]


def draws(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def linear(size: int, seed: int = 1) -> nn.Linear:
    layer = nn.Linear(size, 1).double()
    layer.weight.data.copy_(draws(1, size, seed=seed))
    return layer


def test_the_regulariser_and_its_rivals_are_there() -> None:
    assert {"proximal", "r1", "grad_clip", "ema", "spectral_norm"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_stabiliser_fills_a_slot_and_says_where_it_comes_from(name: str) -> None:
    assert any(hasattr(module(name), slot) for slot in SLOTS)
    assert any(digit in (module(name).__doc__ or "") for digit in ("19", "20"))


@pytest.mark.parametrize("name", NAMES)
def test_a_stabiliser_of_zero_weight_takes_no_part(name: str) -> None:
    assert not any(collect({name: 0.0}))


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_reaches_the_engine_as_it_was_written(name: str) -> None:
    terms = collect({name: 0.3, **{other: 0.0 for other in NAMES if other != name}})
    assert {key: weight for key, (weight, _) in terms.generator.items()} == (
        {name: 0.3} if name in OF_GENERATOR else {}
    )
    found = {key: weight for key, (weight, _) in terms.discriminator.items()}
    assert found == ({name: 0.3} if name in OF_DISCRIMINATOR else {})


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", VANISHING)
def test_a_generator_term_and_its_gradient_are_exactly_zero_at_the_old_generator(
    name: str, shape: tuple[int, ...]
) -> None:
    for dtype in (torch.float32, torch.float64):
        fake = draws(*shape).to(dtype).requires_grad_()
        term = module(name).generator_term(GeneratorView(fake, fake.detach().clone(), (fake.flatten(1).sum(1),)))
        assert term.ndim == 0
        assert term.item() == 0.0
        (gradient,) = torch.autograd.grad(term, fake)
        assert torch.equal(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", OF_GENERATOR)
def test_a_generator_term_acts_away_from_the_old_generator(name: str, shape: tuple[int, ...]) -> None:
    fake = draws(*shape).requires_grad_()
    term = module(name).generator_term(GeneratorView(fake, draws(*shape, seed=2), (fake.flatten(1).sum(1),)))
    (gradient,) = torch.autograd.grad(term, fake)
    assert term.item() > 0
    assert gradient.abs().max() > 0
    term_is_a_mean = module(name).generator_term(
        GeneratorView(*(torch.cat([part, part]) for part in (fake, draws(*shape, seed=2), fake.flatten(1).sum(1))))
    )
    assert term_is_a_mean.item() == pytest.approx(term.item(), rel=1e-12)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", OF_DISCRIMINATOR)
def test_a_discriminator_term_is_a_mean_over_the_batch_and_trains_d(name: str, shape: tuple[int, ...]) -> None:
    layer = linear(int(np.prod(shape[1:])))

    def judge(x: Tensor) -> Tensor:
        return layer(x.flatten(1)).squeeze(1).square()

    real, fake = draws(*shape), draws(*shape, seed=2)
    term = module(name).discriminator_term(DiscriminatorView(judge, (real,), (fake,)))
    doubled = DiscriminatorView(judge, (torch.cat([real, real]),), (torch.cat([fake, fake]),))
    (gradient,) = torch.autograd.grad(term, layer.weight)
    assert term.ndim == 0
    assert module(name).discriminator_term(doubled).item() == pytest.approx(term.item(), rel=1e-12)
    assert gradient.abs().max() > 0
    assert not real.requires_grad
    assert real.grad is None


def test_r1_of_a_linear_d_is_half_its_squared_slope() -> None:
    layer = linear(6)
    real = draws(5, 1, 2, 3)
    term = r1.discriminator_term(DiscriminatorView(lambda x: layer(x.flatten(1)).squeeze(1), (real,), (real,)))
    (gradient,) = torch.autograd.grad(term, layer.weight)
    assert term.item() == pytest.approx(layer.weight.square().sum().item() / 2, rel=1e-14)
    torch.testing.assert_close(gradient, layer.weight.detach(), rtol=1e-13, atol=0)


def test_r1_of_a_quadratic_d_averages_over_the_real_batch_alone() -> None:
    matrix, real = draws(3, 3, seed=4), draws(7, 3)
    symmetric = matrix + matrix.T
    view = DiscriminatorView(lambda x: (x @ symmetric * x).sum(1) / 2, (real,), (100 + real,))
    expected = np.mean([np.sum((symmetric.numpy() @ x) ** 2) / 2 for x in real.numpy()])
    assert r1.discriminator_term(view).item() == pytest.approx(expected, rel=1e-13)


def test_the_regulariser_of_linear_generators_is_the_weights_difference_seen_through_the_latents() -> None:
    latents, coordinates = 3, 5
    old, new, z = draws(coordinates, latents), draws(coordinates, latents, seed=1), draws(40, latents, seed=2)
    new.requires_grad_()
    term = proximal.generator_term(GeneratorView(z @ new.T, z @ old.T, torch.zeros(40)))
    (gradient,) = torch.autograd.grad(term, new)
    step, second_moment = (new.detach() - old).numpy(), (z.T @ z).numpy() / 40
    assert term.item() == pytest.approx(np.trace(step @ second_moment @ step.T) / coordinates, rel=1e-13)
    np.testing.assert_allclose(gradient.numpy(), 2 * step @ second_moment / coordinates, rtol=1e-12)


@pytest.mark.parametrize("shape", [(2,), (1, 32, 32), (3, 64, 64)], ids=str)
def test_lambda_of_the_squared_norm_is_lambda_of_the_mean_over_the_coordinates(shape: tuple[int, ...]) -> None:
    coordinates = int(np.prod(shape))
    row = {"network": Mlp(kind="mlp"), "reading": "released", "d_batches": 1, "g_batches": 1}
    by_sum, by_mean = (
        Arm.model_validate({**row, "lambda_sum": 0.7}),
        Arm.model_validate({**row, "lambda_mean": 0.7 * coordinates}),
    )
    fake, old = draws(3, *shape), draws(3, *shape, seed=1)
    squared_norms = [float(((a - b) ** 2).sum()) for a, b in zip(fake.numpy(), old.numpy(), strict=True)]
    term = proximal.generator_term(GeneratorView(fake, old, torch.zeros(3))).item()
    assert by_sum.lambda_per_mean(coordinates) == by_mean.lambda_per_mean(coordinates)
    assert by_sum.lambda_per_mean(coordinates) * term == pytest.approx(0.7 * np.mean(squared_norms), rel=1e-12)
