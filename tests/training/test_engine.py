from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vigan.config.arms import Ledger
from vigan.models.batch_norm import BatchNorm
from vigan.objectives.losses import discriminator_loss, generator_loss
from vigan.training.engine import Update
from vigan.training.telemetry import COLUMNS, Telemetry

KINDS = ["bn", "nobn", "mlp"]
Maker = Callable[..., Any]
Same = Callable[[dict[str, Tensor], dict[str, Tensor]], bool]


def play(game: Any, iterations: int = 5, callback: Callable[[Update], None] | None = None) -> dict[str, Tensor]:
    """State of both networks after some iterations."""
    for iteration in range(iterations):
        game.engine.iterate(game.batches(iteration), callback)
    return game.state()


class Notebook:
    """Writes down each G update's penalty and the largest entry of the penalty's gradient."""

    def __init__(self, game: Any) -> None:
        self.parameters = list(game.networks.generator.parameters())
        self.order = ""
        self.penalties: list[float] = []
        self.gradients: list[float] = []

    def __call__(self, update: Update) -> None:
        self.order += update.phase
        if update.phase == "g" and update.terms:
            penalty = torch.stack(list(update.terms.values())).sum()
            gradients = torch.autograd.grad(penalty, self.parameters, retain_graph=True)
            self.penalties.append(penalty.item())
            self.gradients.append(max(float(gradient.abs().max()) for gradient in gradients))


@pytest.mark.parametrize("network", KINDS)
def test_read_literally_with_one_batch_the_regulariser_is_inert(network: str, game: Maker, identical: Same) -> None:
    plain, strong = (play(game(network, reading="literal", lambda_mean=weight)) for weight in (0.0, 5.0))
    assert identical(plain, strong)
    assert not identical(plain, game(network).state())


@pytest.mark.parametrize("network", KINDS)
def test_with_two_time_scales_d_steps_by_its_own_optimiser_and_g_by_the_other(
    network: str, game: Maker, identical: Same
) -> None:
    slow = {"lr": 1e-3, "beta1": 0.0, "eps": 1e-12}
    fields = {"optimiser": slow | {"lr": 2e-3}, "d_optimiser": slow}
    start, same, made = (game(network, reading="literal", **own) for own in ({}, {"optimiser": slow}, fields))
    ends = [play(same, 1), play(made, 1)]
    before = start.state()
    parameters = {name for name, value in made.networks.named_parameters() if value.requires_grad}
    d, g = ({name for name in parameters if name.startswith(role)} for role in ("discriminator", "generator"))
    assert d | g == parameters
    assert identical(*({name: end[name] for name in d} for end in ends))
    for name in g:  # D being the same, G's gradient is: its first step is twice as long
        moved = [end[name] - before[name] for end in ends]
        torch.testing.assert_close(moved[1], 2 * moved[0], rtol=1e-2, atol=1e-6)
    assert all(any((ends[0][name] != before[name]).any() for name in own) for own in (d, g))


@pytest.mark.parametrize("network", KINDS)
def test_as_released_the_regulariser_acts(network: str, game: Maker, identical: Same) -> None:
    plain, strong = (play(game(network, lambda_mean=weight), 1) for weight in (0.0, 50.0))
    assert not identical(plain, strong)


@pytest.mark.parametrize("network", KINDS)
@pytest.mark.parametrize("batches", [1, 5])
def test_as_released_the_first_update_of_a_phase_feels_nothing_and_later_ones_do(
    network: str, batches: int, game: Maker
) -> None:
    made = game(network, batches=batches, optimiser={"kind": "adam_tf1", "lr": 1e-2})
    notes = Notebook(made)
    for iteration in range(3):
        notes.penalties, notes.gradients = [], []
        made.engine.iterate(made.batches(iteration), notes)
        assert len(notes.penalties) == 2 * batches
        # With several batches the old fakes are made in one forward of all latents: its BN sees other companions.
        if network != "bn" or batches == 1:
            assert notes.penalties[0] == pytest.approx(0.0, abs=0 if batches == 1 else 1e-12)
            assert notes.gradients[0] == pytest.approx(0.0, abs=0 if batches == 1 else 1e-6)
        assert min(notes.penalties[1:]) > 1e-9
        assert min(notes.gradients[1:]) > 1e-9


@pytest.mark.parametrize("network", ["nobn", "mlp"])
def test_read_literally_with_five_batches_the_second_to_fifth_feel_it(network: str, game: Maker) -> None:
    made = game(network, reading="literal", batches=5, optimiser={"kind": "adam_tf1", "lr": 1e-2})
    notes = Notebook(made)
    made.engine.iterate(made.batches(0), notes)
    assert len(notes.penalties) == 5
    assert notes.penalties[0] == pytest.approx(0.0, abs=1e-12)
    assert min(notes.penalties[1:]) > 1e-9
    assert min(notes.gradients[1:]) > 1e-9


@pytest.mark.parametrize(
    ("reading", "k", "fields"), [("released", 2, {}), ("literal", 1, {}), ("proximal", 3, {"updates_per_batch": 3})]
)
@pytest.mark.parametrize(("d_batches", "g_batches"), [(1, 1), (5, 5), (3, 2)])
def test_updates_come_in_the_released_order_and_as_often_as_the_ledger_says(
    reading: str, k: int, fields: dict[str, int], d_batches: int, g_batches: int, game: Maker
) -> None:
    made = game("mlp", reading=reading, d_batches=d_batches, g_batches=g_batches, **fields)
    notes = Notebook(made)
    play(made, 4, notes)
    assert notes.order == ("d" * d_batches + "g" * g_batches * k) * 4
    ledger = Ledger.of(made.engine.arm, 4)
    assert (notes.order.count("d"), notes.order.count("g")) == (ledger.d_updates, ledger.g_updates)


def test_each_batch_is_used_once_by_d_and_k_times_in_a_row_by_g(game: Maker) -> None:
    made = game("mlp", batches=3, reading="proximal", updates_per_batch=2, lambda_mean=0.0)
    batches = made.batches(0)
    latents: list[Tensor] = []
    made.networks.generator.register_forward_pre_hook(lambda _, inputs: latents.append(inputs[0]))
    judged: list[Tensor] = []
    made.networks.discriminator.register_forward_pre_hook(lambda _, inputs: judged.append(inputs[0]))
    made.engine.iterate(batches)
    expected = [z for _, z in batches.phases["d"]] + [z for _, z in batches.phases["g"] for _ in range(2)]
    assert len(latents) == len(expected) == 9
    assert all(torch.equal(found, wanted) for found, wanted in zip(latents, expected, strict=True))
    assert all(torch.equal(judged[2 * i], real) for i, (real, _) in enumerate(batches.phases["d"]))
    assert len(judged) == 6 + 6


def test_real_and_fake_batches_pass_through_d_apart(game: Maker) -> None:
    made = game("bn")
    sizes: list[int] = []
    made.networks.discriminator.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    made.engine.iterate(made.batches(0))
    assert sizes == [4] * (2 + 2)


@pytest.mark.parametrize("network", ["nobn", "mlp"])
@pytest.mark.parametrize("reading", ["released", "literal"])
def test_the_old_generator_of_several_batches_is_the_one_at_the_start_of_the_phase(
    network: str, reading: str, game: Maker
) -> None:
    made = game(network, reading=reading, batches=3, optimiser={"kind": "adam_tf1", "lr": 1e-2})
    batches = made.batches(0)
    latents = batches.phases["g"]
    old: list[Tensor] = []
    found: list[float] = []
    expected: list[float] = []
    repeats = itertools.count()

    def callback(update: Update) -> None:
        if update.phase == "d":
            return
        with torch.no_grad():
            old.extend(made.networks.generator(z) for _, z in (latents if not old else ()))
            batch = next(repeats) // made.engine.arm.k
            drift = (made.networks.generator(latents[batch].z) - old[batch]).square().mean()
        assert update.drift is not None
        found.append(update.drift.item())
        expected.append(drift.item())
        assert update.terms["proximal"].item() == pytest.approx(5 * drift.item(), rel=1e-4, abs=1e-12)

    made.engine.iterate(batches, callback)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-12)
    assert len(found) == 3 * made.engine.arm.k
    assert found[-1] > 1e-9


@pytest.mark.parametrize("network", KINDS)
@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("reading", ["released", "literal"])
@pytest.mark.parametrize("weight", [0.0, 5.0])
def test_watching_changes_no_weight_and_no_moving_average(
    network: str, batches: int, reading: str, weight: float, game: Maker, identical: Same
) -> None:
    alone = play(game(network, batches=batches, reading=reading, lambda_mean=weight), 3)
    watched = game(network, batches=batches, reading=reading, lambda_mean=weight)
    telemetry = Telemetry(watched.engine)
    for iteration in range(3):
        telemetry.begin()
        watched.engine.iterate(watched.batches(iteration), telemetry)
        assert len(telemetry.row(iteration + 1)) == len(COLUMNS)
    assert identical(alone, watched.state())


@pytest.mark.parametrize("network", KINDS)
def test_g_s_phase_puts_no_gradient_and_no_step_into_d(network: str, game: Maker) -> None:
    made = game(network, batches=2)
    discriminator = made.networks.discriminator
    seen: list[dict[str, Tensor]] = []

    def copies() -> dict[str, Tensor]:
        assert all(p.grad is not None for p in discriminator.parameters())
        return {name: torch.stack([p.detach().clone(), p.grad.clone()]) for name, p in discriminator.named_parameters()}

    def callback(update: Update) -> None:
        if update.phase == "g":
            assert not any(p.requires_grad for p in discriminator.parameters())
            seen.append(copies())

    made.engine.iterate(made.batches(0), callback)
    after = copies()
    assert len(seen) == 4
    assert all(torch.equal(note[name], after[name]) for note in seen for name in after)
    assert all(p.requires_grad for p in discriminator.parameters())


def test_d_s_updates_put_no_gradient_and_no_step_into_g(game: Maker) -> None:
    made = game("nobn", batches=3)
    before = {name: p.detach().clone() for name, p in made.networks.generator.named_parameters()}

    def callback(update: Update) -> None:
        if update.phase == "d":
            for name, parameter in made.networks.generator.named_parameters():
                assert parameter.grad is None
                assert torch.equal(parameter, before[name])

    made.engine.iterate(made.batches(0), callback)
    assert any(not torch.equal(p, before[name]) for name, p in made.networks.generator.named_parameters())


def test_a_rival_s_term_is_weighted_named_and_added_to_d_s_loss(game: Maker) -> None:
    made = game("mlp", lambda_mean=0.0, stabilisers={"r1": {"gamma": 0.7}})
    batches = made.batches(0)
    real = batches.phases["d"][0].x.clone().requires_grad_()
    slope = torch.autograd.grad(made.networks.discriminator(real).sum(), real)[0]
    updates: list[Update] = []
    made.engine.iterate(batches, updates.append)
    penalty = 0.7 * slope.square().sum(1).mean().item() / 2
    assert list(updates[0].terms) == ["r1"]
    assert updates[0].terms["r1"].item() == pytest.approx(penalty, rel=1e-5)
    assert updates[0].loss.item() == pytest.approx(updates[0].adversarial.item() + penalty, rel=1e-6)
    assert not updates[1].terms


def test_reported_losses_are_the_released_ones_on_the_reported_logits(game: Maker) -> None:
    updates: list[Update] = []
    made = game("bn", batches=2)
    made.engine.iterate(made.batches(0), updates.append)
    for update in updates:
        loss = discriminator_loss(*update.logits) if update.phase == "d" else generator_loss(*update.logits)
        assert update.adversarial.item() == loss.item()
        total = update.adversarial.item() + sum(term.item() for term in update.terms.values())
        assert update.loss.item() == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("coordinates", [("mlp", 2), ("nobn", 1024)], ids=str)
def test_both_ways_of_writing_lambda_train_the_same_bits(
    coordinates: tuple[str, int], game: Maker, identical: Same
) -> None:
    network, count = coordinates
    by_sum = play(game(network, lambda_sum=0.25), 3)
    by_mean = play(game(network, lambda_mean=0.25 * count), 3)
    assert identical(by_sum, by_mean)


def moves(game: Any) -> int:
    """How often one iteration moves G's moving averages, from a network whose batch mean never changes."""
    generator = game.networks.generator
    norm = next(layer for layer in generator.modules() if isinstance(layer, BatchNorm))
    step = float(np.float32(0.1))
    norm.register_forward_pre_hook(lambda _, inputs: (torch.ones_like(inputs[0]),))
    game.engine.iterate(game.batches(0))
    return round(float(np.log(1 - norm.moving_mean.double().mean().item()) / np.log(1 - step)))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"lambda_mean": 0.0}, 1 + 2),
        ({"lambda_mean": 5.0}, 1 + 1 + 2),
        ({"lambda_mean": 0.0, "batches": 3}, 3 + 6),
        ({"lambda_mean": 5.0, "batches": 3}, 3 + 1 + 6),
        ({"lambda_mean": 5.0, "reading": "literal"}, 1 + 1),
        ({"lambda_mean": 5.0, "reading": "literal", "batches": 3}, 3 + 3),
        ({"lambda_mean": 5.0, "reading": "proximal", "updates_per_batch": 4, "batches": 3}, 3 + 12),
    ],
    ids=str,
)
def test_g_s_moving_averages_move_once_a_forward_of_the_released_graph(
    fields: dict[str, Any], expected: int, game: Maker
) -> None:
    assert moves(game("bn", **fields)) == expected
