from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vigan.training.batches import Batches
from vigan.training.cuda_graph import WARM_UP, CapturedEngine, Places
from vigan.training.optimisers import AdamTF1
from vigan.training.telemetry import Telemetry

Maker = Callable[..., Any]
Same = Callable[[dict[str, Tensor], dict[str, Tensor]], bool]
Play = Callable[[], None]


def again(play: Play) -> Play:
    """Stands for a CUDA graph: does once more what was recorded, from the same places."""
    return play


@pytest.mark.parametrize("network", ["bn", "nobn", "mlp"])
@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("kind", ["adam_tf1", "adam"])
def test_replayed_iterations_are_those_of_the_engine_bit_by_bit(
    network: str, batches: int, kind: str, game: Maker, identical: Same
) -> None:
    plain, replayed = (game(network, batches=batches, optimiser={"kind": kind}) for _ in range(2))
    trainer = CapturedEngine(replayed.engine, again)
    for index in range(WARM_UP + 4):
        plain.engine.iterate(plain.batches(index))
        trainer.iterate(replayed.batches(index))
    assert identical(plain.state(), replayed.state())
    for ours, theirs in zip(adams(replayed), adams(plain), strict=True):
        assert ours.state_dict()["param_groups"] == theirs.state_dict()["param_groups"]


def adams(game: Any) -> list[torch.optim.Optimizer]:
    return [game.engine.groups[name].optimiser for name in "dg"]


def test_watched_iterations_between_replays_are_told_and_change_nothing(game: Maker, identical: Same) -> None:
    plain, replayed = game("bn"), game("bn")
    trainer, telemetry = CapturedEngine(replayed.engine, again), Telemetry(replayed.engine)
    rows = []
    for index in range(12):
        plain.engine.iterate(plain.batches(index))
        callback = telemetry if index % 3 == 2 else None
        telemetry.begin()
        trainer.iterate(replayed.batches(index), callback)
        rows += [telemetry.row(index)] if callback else []
    assert identical(plain.state(), replayed.state())
    assert len(rows) == 4
    assert all(row["d_loss"] > 0 for row in rows)


def test_an_iteration_is_recorded_once_after_warming_up_and_then_only_replayed(game: Maker) -> None:
    made, log = game("mlp"), []

    def record(play: Play) -> Play:
        log.append("recorded")
        return lambda: (log.append("replayed"), play())[1]

    trainer = CapturedEngine(made.engine, record)
    for index in range(WARM_UP):
        trainer.iterate(made.batches(index))
    assert log == []
    for index in range(3):
        trainer.iterate(made.batches(WARM_UP + index))
    assert log == ["recorded", "replayed", "replayed", "replayed"]


def test_recording_alone_counts_no_step_and_keeps_no_plan(game: Maker) -> None:
    made = game("mlp")
    trainer = CapturedEngine(made.engine, lambda play: lambda: None)
    for index in range(WARM_UP):
        trainer.iterate(made.batches(index))
    powers = [group["power1"] for adam in adams(made) for group in adam.param_groups]
    trainer._capture(made.batches(WARM_UP))
    assert [group["power1"] for adam in adams(made) for group in adam.param_groups] == powers
    assert all(isinstance(adam, AdamTF1) and adam.planned is None for adam in adams(made))


def test_what_a_caller_does_with_its_batches_later_does_not_reach_the_fixed_places(
    game: Maker, identical: Same
) -> None:
    plain, replayed = game("mlp"), game("mlp")
    trainer = CapturedEngine(replayed.engine, again)
    for index in range(WARM_UP + 3):
        plain.engine.iterate(plain.batches(index))
        batches: Batches = replayed.batches(index)
        trainer.iterate(batches)
        for _, tensor in batches.phases["g"]:
            tensor.fill_(torch.nan)
    assert identical(plain.state(), replayed.state())


@pytest.mark.parametrize("how", ["data", "parameter", "buffer", "module", "gone"])
def test_a_tensor_that_is_put_in_the_place_of_another_is_found_and_put_back(how: str) -> None:
    """A graph goes on with the first; what a refused capture put in its place was never calculated."""
    networks = nn.ModuleDict({"g": nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))})
    kept = {name: tensor.clone() for name, tensor in networks.state_dict().items()}
    linear, norm = networks["g"].get_submodule("0"), networks["g"].get_submodule("1")
    first, places = linear.weight, Places(networks)
    assert places.moved() == ""
    nan = torch.full((2, 2), float("nan"))
    match how:
        case "data":
            linear.weight.data = nan
        case "parameter":
            linear.weight = nn.Parameter(nan)
        case "buffer":
            norm.running_mean = nan[0]
        case "module":
            networks["g"] = nn.Linear(2, 2)
        case "gone":
            norm.running_mean = None
    assert places.moved()
    places.restore()
    assert places.moved() == ""
    assert networks["g"].get_submodule("0").weight is first
    for name, tensor in networks.state_dict().items():
        assert torch.equal(tensor, kept[name])


def _refused(played: Any, error: Exception | None = None) -> tuple[str, str]:
    """Why a capture that replaces the first weight, or also fails, is refused; that weight's name. It is put back."""
    (name, weight), *_ = played.networks.named_parameters()
    before = weight.data

    def capture(play: Play) -> Play:
        weight.data = torch.full_like(before, float("nan"))
        if error is not None:
            raise error
        return play

    captured = CapturedEngine(played.engine, capture)
    assert not captured._captured(played.batches(0))
    assert weight.data_ptr() == before.data_ptr()
    return captured.refused, name


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyError("no")])
def test_what_a_capture_that_fails_put_in_the_place_of_a_tensor_is_put_back(error: Exception, game: Maker) -> None:
    """Training would have gone on with memory that no kernel had written."""
    refused, _ = _refused(game(), error)
    assert "no" in refused


def test_no_gradient_from_before_a_capture_is_written_by_it(game: Maker) -> None:
    """A loss that reaches both networks adds to G's gradients, which lay outside the graph: into freed memory."""
    played = game("mlp", stabilisers={"consensus": {"weight": 0.1}})
    found = []

    def capture(play: Play) -> Play:
        found.extend(parameter.grad for parameter in played.networks.parameters())
        return play

    captured = CapturedEngine(played.engine, capture)
    for index in range(WARM_UP + 1):
        captured.iterate(played.batches(index))
    assert found == [None] * len(list(played.networks.parameters()))


def test_an_iteration_that_replaces_a_tensor_is_not_captured(game: Maker) -> None:
    refused, name = _refused(game())
    assert refused == f"'{name}' is put in the place of another tensor, and not changed in place"
