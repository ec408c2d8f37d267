from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vigan.training.telemetry import Telemetry


def flat(network: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten().double() for parameter in network.parameters()])


@pytest.mark.parametrize("network", ["bn", "nobn", "mlp"])
@pytest.mark.parametrize("batches", [1, 3])
def test_the_step_is_g_s_way_over_the_phase_relative_to_where_it_began(
    network: str, batches: int, game: Callable[..., Any]
) -> None:
    made = game(network, batches=batches, optimiser={"kind": "adam_tf1", "lr": 1e-2})
    telemetry = Telemetry(made.engine)
    for index in range(3):
        before = flat(made.networks.generator)
        telemetry.begin()
        made.engine.iterate(made.batches(index), telemetry)
        expected = ((flat(made.networks.generator) - before).norm() / before.norm()).item()
        assert telemetry.row(index + 1)["step"] == pytest.approx(expected, rel=1e-5)
        assert expected > 1e-4


def test_a_step_from_zero_weights_has_no_relative_size(game: Callable[..., Any]) -> None:
    made = game("mlp")
    for parameter in made.networks.generator.parameters():
        parameter.data.zero_()
    telemetry = Telemetry(made.engine)
    assert math.isnan(telemetry._step())
