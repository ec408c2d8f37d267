"""Arms of every kind: each model with each network, each reading, stabiliser, precision and optimiser at least once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

from vigan.config import schedule
from vigan.config.arms import REGULARISER, Arm
from vigan.config.methods import DEFAULT, METHODS
from vigan.config.methods.base import own_batches
from vigan.config.stabilisers import own_stabilisers, settings_of
from vigan.models.build import build
from vigan.training.batches import Batch, Batches
from vigan.training.engine import Engine

Device = str | torch.device

MODELS: dict[str, dict[str, Any]] = {
    "-".join(map(str, (kind, *settings.values()))): {"kind": kind, **settings}
    for kind, method in METHODS.items()
    if "dcgan" in method.networks
    for settings in method.examples
}
"""Every model that is trained by gradients, with each of its examples of settings."""
GAN = DEFAULT.kind
NETWORKS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "bn": ({"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": True}, (1, 32, 32)),
    "nobn": ({"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": False}, (3, 32, 32)),
    "mlp": ({"kind": "mlp", "width": 8, "latent": 2}, (2,)),
}
READINGS: dict[str, dict[str, Any]] = {"released": {}, "literal": {}, "proximal": {"updates_per_batch": 3}}
STABILISERS: dict[str, dict[str, float]] = {
    name: {field: 0.5 for field, about in settings_of(name).model_fields.items() if about.is_required()}
    for name in own_stabilisers()
    if name != REGULARISER
}
"""Every stabiliser, what it must be told being one half."""


class Case(NamedTuple):
    """An arm, and the shape of its examples."""

    arm: Arm
    shape: tuple[int, ...]

    def engine(self, device: Device = "cpu", dtype: torch.dtype = torch.float32) -> Engine:
        """Its engine, from seed 0."""
        networks = build(self.arm, self.shape, 0).to(device, dtype)
        return Engine(self.arm, networks, schedule.coordinates(self.arm, self.shape))

    def batches(self, iteration: int = 0, device: Device = "cpu", dtype: torch.dtype = torch.float32) -> Batches:
        """Input of an iteration, drawn on the host in float32, so that it is the same on every device."""
        draws = torch.Generator().manual_seed(iteration)

        def normal(*shape: int) -> torch.Tensor:
            return torch.randn((self.arm.batch_size, *shape), generator=draws).to(device, dtype)

        def batch(real: bool) -> Batch:
            return Batch(normal(*self.shape) if real else None, normal(self.arm.network.latent))

        phases = own_batches(self.arm.model.phases(self.arm))
        return Batches({phase.name: [batch(phase.real) for _ in range(phase.batches)] for phase in phases}, iteration)


def case(model: str = GAN, network: str = "bn", reading: str = "released", batches: int = 1, **fields: Any) -> Case:
    """An arm of a model and a network by their names; further fields are the arm's."""
    settings, shape = NETWORKS[network]
    schedule_of: dict[str, Any] = {"reading": reading, "d_batches": batches, "lambda_mean": 5.0, **READINGS[reading]}
    if not METHODS[MODELS[model]["kind"]].model_validate(MODELS[model]).has_discriminator:
        schedule_of = {"reading": "literal", "d_batches": 0, "lambda_mean": 0.0}
    row = {"model": MODELS[model], "network": settings, "g_batches": batches, "batch_size": 4, **schedule_of, **fields}
    return Case(Arm.model_validate(row), shape)


def _cases() -> Iterator[tuple[str, Case]]:
    for model in MODELS:
        for network in NETWORKS:
            yield f"{model} {network} 2 batches", case(model, network, batches=2)
        yield f"{model} bn bf16 adam", case(model, precision="bf16", optimiser={"kind": "adam"})
    for reading in READINGS:
        for network in NETWORKS:
            yield f"{GAN} {network} {reading}", case(GAN, network, reading)
    for name, settings in STABILISERS.items():
        for network in NETWORKS:
            yield f"{GAN} {network} {name}", case(GAN, network, stabilisers={name: settings})
    for network in NETWORKS:
        yield f"{GAN} {network} all stabilisers", case(GAN, network, stabilisers=STABILISERS, precision="bf16")
        yield f"{GAN} {network} plain", case(GAN, network, lambda_mean=0.0)
        yield f"{GAN} {network} adam", case(GAN, network, batches=2, optimiser={"kind": "adam"})
        yield f"{GAN} {network} two time scales", case(GAN, network, d_optimiser={"lr": 8.0e-4})


CASES: dict[str, Case] = dict(_cases())
