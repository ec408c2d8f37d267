from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vigan.bench.baseline import Textbook
from vigan.bench.engine import WORKLOADS, summarise
from vigan.bench.fixtures import batches
from vigan.config.arms import Arm
from vigan.models.batch_norm import BatchNorm
from vigan.models.build import build
from vigan.training.batches import Batch, Batches
from vigan.training.engine import Engine

SIZES: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "dcgan": ({"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": True}, (1, 32, 32)),
    "mlp": ({"kind": "mlp", "width": 5}, (2,)),
}


def arm(network: dict[str, Any]) -> Arm:
    row = {"reading": "released", "d_batches": 1, "g_batches": 1, "batch_size": 4, "lambda_mean": 5.0}
    return Arm.model_validate({**row, "network": network, "optimiser": {"kind": "adam", "lr": 1e-3}})


def in_nchw_order(parameter: Tensor, role: str, channels: int) -> Tensor:
    """Weights of the layers where maps meet features, as a network with NCHW maps has them."""
    if channels == 0:
        return parameter
    if role == "generator" and parameter.shape[0] == 16 * channels:
        return parameter.unflatten(0, (4, 4, channels)).movedim(2, 0).flatten(0, 2)
    if role == "discriminator" and parameter.ndim == 2:
        return parameter.unflatten(1, (4, 4, channels)).movedim(3, 1).flatten(1, 3)
    return parameter


@pytest.mark.parametrize("name", SIZES)
def test_the_textbook_plays_the_engine_s_game_to_rounding(name: str) -> None:
    network, shape = SIZES[name]
    made, channels = arm(network), 0 if name == "mlp" else network["dim"] * 4
    networks = build(made, shape, seed=0).double()
    engine, textbook = Engine(made, networks, math.prod(shape)), Textbook(made, shape)
    theirs = {"generator": textbook.generator.double(), "discriminator": textbook.discriminator.double()}

    def pairs() -> list[tuple[Tensor, Tensor]]:
        ours = networks
        return [
            (target, in_nchw_order(source, role, channels))
            for role, net in theirs.items()
            for target, source in zip(net.parameters(), _in_textbook_order(ours[role]), strict=True)
        ]

    for target, source in pairs():
        target.data.copy_(source.detach())
    draws = torch.Generator().manual_seed(0)
    for _ in range(3):
        real = torch.rand((4, *shape), generator=draws, dtype=torch.float64)
        z = torch.randn((2, 4, made.network.latent), generator=draws, dtype=torch.float64)
        for player in (engine, textbook):
            player.iterate(Batches({"d": [Batch(real, z[0])], "g": [Batch(None, z[1])]}))
    for target, source in pairs():
        torch.testing.assert_close(target, source, rtol=1e-8, atol=1e-10)


def _in_textbook_order(network: nn.Module) -> list[nn.Parameter]:
    """Parameters in the order in which data pass them: each layer's, then those of the BN that follows it."""
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
    norms = [m for m in network.modules() if isinstance(m, BatchNorm)]
    if layers and norms and isinstance(layers[0], nn.Conv2d):
        order = [layers[0], *(m for pair in zip(layers[1:], norms, strict=False) for m in pair), layers[-1]]
    else:
        order = [m for i, layer in enumerate(layers) for m in (layer, *norms[i : i + 1])]
    return [parameter for layer in order for parameter in layer.parameters()]


def test_a_ratio_is_the_median_of_the_textbook_s_time_over_the_path_s_in_the_same_round() -> None:
    found = summarise({"textbook": [3.0, 30.0, 5.0], "float32": [2.0, 20.0, 1.0], "bf16": [3.0, 10.0, 2.5]})
    assert found == {"textbook_ms": 5000.0, "float32_ratio": 1.5, "bf16_ratio": 2.0}


def test_the_games_measured_are_those_of_the_studies() -> None:
    assert list(WORKLOADS) == ["paper", "digits", "ring"]
    for name, workload in WORKLOADS.items():
        made = Arm.model_validate(workload.arm)
        ((real, z),) = batches(workload.arm, workload.shape).phases["d"]
        assert real.shape == (made.batch_size, *workload.shape)
        assert z.shape == (made.batch_size, made.network.latent)
        assert (made.k, made.regularised) == (2, True), name
    widths = [WORKLOADS[name].arm["network"]["dim"] for name in ("paper", "digits")]
    assert all(a > b for a, b in pairwise(widths))
