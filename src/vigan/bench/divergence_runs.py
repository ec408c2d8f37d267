"""Trainings on the line and on the ring, with the divergence of q from q_o probed along them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from vigan import rng
from vigan.bench.increasing import Increasing, Map, divergence
from vigan.config.arms import Arm
from vigan.config.datasets import Ring
from vigan.data.toy import source_data
from vigan.metrics.divergence import kl_by_neighbours
from vigan.models.build import build
from vigan.training.batches import Batch, Batches
from vigan.training.engine import Engine

Rows = list[dict[str, float]]

EVERY = 40
GAPS = (1, 10, 40)
"""Iterations between G_o and G: 1 is the regulariser's own, the others are larger steps in the same direction."""
CENTRES, DEVIATION = (-1.5, 1.5), 0.3
"""Of the data on the line: two Gaussians, equally often."""

SHARED = {"reading": "proximal", "d_batches": 1, "g_batches": 1, "batch_size": 64}
LINE = {
    f"line-k{k}-l{weight:g}-r{rate:g}": {
        **SHARED, "network": {"kind": "mlp", "width": 64, "latent": 1}, "updates_per_batch": k, "lambda_sum": weight,
        "optimiser": {"lr": rate},
    }
    for k in (2, 20) for weight in (0.0, 5.0) for rate in (2e-4, 1e-3)
}  # fmt: skip
RING = {
    f"ring-k{k}-l{weight:g}": {
        **SHARED, "network": {"kind": "mlp"}, "updates_per_batch": k, "lambda_sum": weight, "batch_size": 256,
        "optimiser": {"lr": 1e-3},
    }
    for k in (2, 5) for weight in (0.0, 1.0)
}  # fmt: skip


class Size(NamedTuple):
    """Seeds of every arm, iterations of a run, and samples of a divergence on the ring."""

    seeds: int = 16
    iterations: int = 2000
    points: int = 10_000


def run(arm: str, seed: int, size: Size) -> Rows:
    """Probes of one run: of each gap, each `EVERY` iterations.

    On the line `kl`, `half` (that of half the step), `quadratic` and `fisher` are exact; on the ring `kl` is an
    estimate, and `own` the same estimate of q from itself. `drift` is E |G(z) - G_o(z)|^2.
    """
    spec = Arm.model_validate((LINE | RING)[arm])
    shape = (1,) if arm in LINE else (2,)
    networks = build(spec, shape, seed)
    if arm in LINE:
        networks["generator"] = Increasing(16, seed)
    engine = Engine(spec, networks, shape[0], seed=seed)
    draw = _line if arm in LINE else partial(_ring, _ring_points())
    past: dict[int, nn.Module] = {}
    rows: Rows = []
    for iteration, batches in enumerate(_batches(spec, seed, draw, size.iterations), start=1):
        due = {iteration - 1 + gap for gap in GAPS}
        if any(at % EVERY == 0 for at in due):
            past[iteration - 1] = copy.deepcopy(networks.generator)
        engine.iterate(batches)
        if iteration % EVERY == 0:
            for gap in GAPS:
                found = _probe(networks.generator, past[iteration - gap], (seed, iteration), size.points)
                rows.append({"iteration": iteration, "gap": gap, **found})
            past = {}
    return rows


def _batches(arm: Arm, seed: int, draw: Any, iterations: int) -> Iterator[Batches]:
    for index in range(iterations):
        x = torch.from_numpy(draw(rng.generator(seed, "data", index), arm.batch_size).astype(np.float32))
        latents = rng.generator(seed, "latent", index).standard_normal(
            (2, arm.batch_size, arm.network.latent), np.float32
        )
        d, g = torch.from_numpy(latents)
        yield Batches({"d": [Batch(x, d)], "g": [Batch(None, g)]}, index)


def _line(draw: np.random.Generator, n: int) -> np.ndarray:
    return draw.choice(CENTRES, (n, 1)) + DEVIATION * draw.standard_normal((n, 1))


def _ring(points: np.ndarray, draw: np.random.Generator, n: int) -> np.ndarray:
    return points[draw.integers(len(points), size=n)]


def _ring_points() -> np.ndarray:
    """What config/ring.yaml trains on, float32 (n, 2)."""
    data = source_data(Ring(source="ring", modes=8, radius=2.0, std=0.02))
    return np.concatenate(list(data.blocks))


def _probe(new: nn.Module, old: nn.Module, place: tuple[int, int], points: int) -> dict[str, float]:
    if isinstance(new, Increasing) and isinstance(old, Increasing):
        return _exact(new.map(), old.map())
    return _estimated(new, old, place, points)


def _exact(new: Map, old: Map) -> dict[str, float]:
    whole, half = divergence(new, old), divergence(new, old, 0.5)
    return {
        "kl": whole.kl, "drift": whole.drift, "half": half.kl, "quadratic": whole.quadratic, "fisher": whole.half_fisher
    }  # fmt: skip


@torch.no_grad()
def _estimated(new: nn.Module, old: nn.Module, place: tuple[int, int], points: int) -> dict[str, float]:
    """By neighbours, from independent samples; `own` is the divergence of q from itself, by the same."""
    seed, iteration = place
    z = torch.from_numpy(
        rng.generator(seed, "eval", f"divergence.{iteration}").standard_normal((3, points, 2), np.float32)
    )
    here, again, before = new(z[0]), new(z[1]), old(z[2])
    drift = (here - old(z[0])).square().sum(1).mean()
    own = kl_by_neighbours(here.numpy(), again.numpy())
    return {"kl": kl_by_neighbours(here.numpy(), before.numpy()), "drift": float(drift), "own": own}
