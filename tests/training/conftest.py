"""Small games: networks of a few channels, batches of four, data drawn on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vigan.config.arms import Arm, Dcgan, Mlp, RunSpec
from vigan.config.datasets import Digits, Ring
from vigan.models.build import build
from vigan.training.batches import BatchSource
from vigan.training.engine import Batches, Engine
from vigan.training.run import Run

CPU = torch.device("cpu")
NETWORKS = {
    "bn": Dcgan(kind="dcgan", dim=2, latent=3, batch_norm=True),
    "nobn": Dcgan(kind="dcgan", dim=2, latent=3, batch_norm=False),
    "mlp": Mlp(kind="mlp", width=8, latent=2),
}
DATASETS = {"bn": Digits(source="digits"), "nobn": Digits(source="digits"), "mlp": Ring(source="ring")}

ArmMaker = Callable[..., Arm]
SpecMaker = Callable[..., RunSpec]


@pytest.fixture(scope="session")
def examples() -> dict[str, np.ndarray]:
    """Nineteen examples for each kind of network: uint8 images or float32 points."""
    draws = np.random.default_rng(0)
    images = draws.integers(0, 256, (19, 1, 32, 32), dtype=np.uint8)
    return {"bn": images, "nobn": images, "mlp": draws.standard_normal((19, 2)).astype(np.float32)}


@pytest.fixture(scope="session")
def arm() -> ArmMaker:
    """Makes an arm: network by name, reading, number of D and G batches, and any other field."""

    def make(network: str = "bn", reading: str = "released", batches: int = 1, **fields: Any) -> Arm:
        weight = {} if {"lambda_mean", "lambda_sum"} & set(fields) else {"lambda_mean": 5.0}
        row = {"d_batches": batches, "g_batches": batches, "batch_size": 4, **weight, **fields}
        return Arm.model_validate({"network": NETWORKS[network], "reading": reading, **row})

    return make


@pytest.fixture(scope="session")
def spec(arm: ArmMaker) -> SpecMaker:
    """Makes a run of seven iterations with telemetry each second one; further fields are the arm's."""

    def make(network: str = "bn", *, seed: int = 0, iterations: int = 7, log_every: int = 2, **fields: Any) -> RunSpec:
        made = arm(network, **fields)
        steps = (0, iterations // 2, iterations)
        return RunSpec(
            name=f"{network}-arm", arm=made, dataset=DATASETS[network], seed=seed, iterations=iterations,
            snapshots=steps, log_every=log_every,
        )  # fmt: skip

    return make


class Game:
    """An engine with its input."""

    def __init__(self, spec: RunSpec, array: np.ndarray) -> None:
        self.networks = build(spec.arm, spec.dataset.shape, spec.seed)
        self.engine = Engine(spec.arm, self.networks, int(np.prod(spec.dataset.shape)))
        self.source = BatchSource(spec, array, CPU)

    def batches(self, iteration: int) -> Batches:
        """Input of one iteration."""
        return self.source.iteration(iteration)

    def state(self) -> dict[str, torch.Tensor]:
        """Copy of every weight and moving average of both networks."""
        return {
            f"{role}.{name}": tensor.detach().clone()
            for role, network in self.networks.items()
            for name, tensor in network.state_dict().items()
        }


@pytest.fixture
def game(spec: SpecMaker, examples: dict[str, np.ndarray]) -> Callable[..., Game]:
    """Makes a game, with the arguments of `spec`."""
    return lambda network="bn", **fields: Game(spec(network, **fields), examples[network])


@pytest.fixture
def start(examples: dict[str, np.ndarray]) -> Callable[[RunSpec, Path], Run]:
    """Begins a run of a spec in a folder, or goes on with it."""

    def begin(spec: RunSpec, folder: Path) -> Run:
        return Run(spec, examples[spec.name.removesuffix("-arm")], folder, CPU)

    return begin


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """Whether two states are equal in every bit."""
    return first.keys() == second.keys() and all(
        first[name].numpy().tobytes() == second[name].numpy().tobytes() for name in first
    )


@pytest.fixture(scope="session")
def identical() -> Callable[[dict[str, torch.Tensor], dict[str, torch.Tensor]], bool]:
    """Compares two states bit by bit."""
    return same
