"""Every loss and every stabiliser in the engine: it trains, is logged, and resumes to the same bits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vigan.config.arms import RunSpec
from vigan.config.methods.gan import LOSSES
from vigan.config.stabilisers import known_stabilisers, settings_of
from vigan.objectives.losses import ADVERSARIAL
from vigan.training.engine import Update
from vigan.training.run import Run
from vigan.training.telemetry import _accuracy

Specs = Callable[..., RunSpec]
Start = Callable[[RunSpec, Path], Run]
STABILISERS = [name for name in known_stabilisers() if name != "proximal"]


def some_settings(name: str) -> dict[str, float]:
    fields = settings_of(name).model_fields
    return {setting: 0.01 if setting == "max_norm" else 0.3 for setting in fields}


CASES = [
    *(pytest.param({"model": {"kind": "gan", "loss": name}}, id=name) for name in LOSSES),
    *(pytest.param({"stabilisers": {name: some_settings(name)}}, id=name) for name in STABILISERS),
]


class Killed(Exception):
    pass


def kill(iteration: int, *_: Any) -> None:
    if iteration == 4:
        raise Killed


@pytest.mark.parametrize("fields", CASES)
def test_a_run_killed_and_resumed_is_the_run_that_went_straight_on(
    fields: dict[str, Any], spec: Specs, start: Start, tmp_path: Path
) -> None:
    made = spec("mlp", **fields)
    straight = start(made, tmp_path / "straight").train()
    with pytest.raises(Killed):
        start(made, tmp_path / "resumed").train((kill,), save_every=0)
    run = start(made, tmp_path / "resumed")
    assert run.iteration > 0
    resumed = run.train()
    assert resumed.weights_hash == straight.weights_hash
    np.testing.assert_array_equal(resumed.telemetry, straight.telemetry)


@pytest.mark.parametrize("fields", CASES[1:])
def test_every_loss_and_stabiliser_but_the_released_moves_the_weights(
    fields: dict[str, Any], spec: Specs, start: Start, tmp_path: Path
) -> None:
    outcomes = [start(spec("mlp", **own), tmp_path / f"{len(own)}").train() for own in ({}, fields)]
    assert outcomes[0].weights_hash != outcomes[1].weights_hash


@pytest.mark.parametrize("name", LOSSES)
def test_the_engine_s_losses_are_those_of_the_logits_that_it_tells(name: str, game: Callable[..., Any]) -> None:
    made, updates = game("mlp", model={"kind": "gan", "loss": name}), list[Update]()
    made.engine.iterate(made.batches(0), updates.append)
    of_d, *of_g = updates
    assert torch.equal(of_d.adversarial, ADVERSARIAL[name].discriminator(*of_d.logits))
    assert all(torch.equal(update.adversarial, ADVERSARIAL[name].generator(*update.logits)) for update in of_g)


@pytest.mark.parametrize(
    ("boundary", "right"), [(0.0, 4 / 8), (0.5, 7 / 8), (None, 5 / 8)], ids=["log D", "least squares", "critic"]
)
def test_d_s_accuracy_is_counted_from_the_value_between_fake_and_real(boundary: float | None, right: float) -> None:
    real, fake = torch.tensor([0.7, 0.9, 1.4, 0.6]), torch.tensor([0.2, 0.3, 1.2, 0.4])
    nothing = torch.zeros(())
    found = _accuracy(Update("d", nothing, nothing, {}, (real, fake)), boundary)
    assert found.item() == right
