"""Checks that train: no draw from the global generator, and the same bits when killed and resumed, and replayed."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from vigan import plugins
from vigan.config import schedule
from vigan.config.arms import Arm, RunSpec
from vigan.config.datasets import Digits, Ring
from vigan.config.methods.base import Method
from vigan.config.stabilisers import module_of
from vigan.models.build import Networks, build
from vigan.training.batches import BatchSource
from vigan.training.checkpoint import network_tensors
from vigan.training.cuda_graph import WARM_UP, CapturedEngine, Places
from vigan.training.engine import Engine
from vigan.training.other_draws import NoOtherDraws
from vigan.training.run import Outcome, Run

CPU = torch.device("cpu")
ITERATIONS, CUT = 6, 4
NETWORKS: Mapping[str, dict[str, Any]] = {
    "mlp": {"kind": "mlp", "width": 8},
    "dcgan": {"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": True},
}
"""Small networks: of points, and of images."""


class PromiseError(Exception):
    """A promise that is not kept; the message says how it shows."""


class Check(NamedTuple):
    """A promise, and what raises an exception where it is not kept."""

    promise: str
    run: Callable[[], None]


class _Kill(BaseException):
    """Stands for a kill between two iterations."""


def training_checks(row: Callable[[], Mapping[str, Any]], networks: Sequence[str] = tuple(NETWORKS)) -> list[Check]:
    """The checks of an arm with the settings of `row`, on each of the networks."""

    def on_each(holds: Callable[[RunSpec, np.ndarray], None]) -> Callable[[], None]:
        def run() -> None:
            for network in networks:
                holds(_spec(row(), network), _examples(network))

        return run

    return [
        Check("it trains, and draws only the numbers that it is given", on_each(_trains)),
        Check("a run that is killed resumes to the same bits", on_each(_resumes)),
        Check("iterations can be recorded once and replayed, as far as a CPU can tell", on_each(_replays)),
    ]


def method_row(kind: str, method: type[Method], settings: Mapping[str, Any]) -> dict[str, Any]:
    """An arm of a model with some settings."""
    made = method.model_validate({"kind": kind, **settings})
    without_d = {"d_batches": 0, "reading": "literal", "lambda_mean": 0.0}
    return {"model": made, **({} if made.has_discriminator else without_d)}


def _spec(row: Mapping[str, Any], network: str) -> RunSpec:
    common = {"reading": "released", "d_batches": 1, "g_batches": 1, "batch_size": 4, "lambda_mean": 5.0}
    arm = Arm.model_validate({"network": NETWORKS[network], **common, **row})
    dataset = Ring(source="ring") if network == "mlp" else Digits(source="digits")
    return RunSpec(
        name="checked", arm=arm, dataset=dataset, seed=0, iterations=ITERATIONS, snapshots=(0, ITERATIONS), log_every=1
    )


def _examples(network: str) -> np.ndarray:
    draws = np.random.default_rng(0)
    if network == "mlp":
        return draws.standard_normal((19, 2)).astype(np.float32)
    return draws.integers(0, 256, (19, 1, 32, 32), dtype=np.uint8)


def _run(spec: RunSpec, examples: np.ndarray, folder: Path, stop: int | None = None) -> Outcome:
    def callback(iteration: int, row: object, networks: Networks) -> None:  # noqa: ARG001
        if iteration == stop:
            raise _Kill

    return Run(spec, examples, folder, CPU).train((callback, NoOtherDraws(spec.name)), save_every=0.0)


def _trains(spec: RunSpec, examples: np.ndarray) -> None:
    torch.rand(1)  # else a part that seeds the global generator, and did so before, would leave it as it found it
    with tempfile.TemporaryDirectory() as folder:
        outcome = _run(spec, examples, Path(folder))
    if outcome.status != "completed":
        raise PromiseError(f"training of a {spec.arm.network.kind} diverged after {outcome.iterations} iterations")


def _resumes(spec: RunSpec, examples: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as folder:
        straight = _run(spec, examples, Path(folder) / "straight")
        with contextlib.suppress(_Kill):
            _run(spec, examples, Path(folder) / "cut", stop=CUT)
        with plugins.imported_anew(map(module_of, spec.arm.stabilisers)):  # as another process would
            resumed = _run(spec, examples, Path(folder) / "cut")
    equal = straight.telemetry.tobytes() == resumed.telemetry.tobytes()
    if straight.weights_hash != resumed.weights_hash or not equal:
        raise PromiseError(
            f"a {spec.arm.network.kind} ends otherwise; keep what lasts in a network that `prepare` adds, and draw "
            "from the draws of a view alone"
        )


def _replays(spec: RunSpec, examples: np.ndarray) -> None:
    source, ends = BatchSource(spec, examples, CPU), []
    for captured in (False, True):
        networks = build(spec.arm, spec.dataset.shape, spec.seed)
        engine = Engine(spec.arm, networks, schedule.coordinates(spec.arm, spec.dataset.shape), seed=spec.seed)
        if not engine.capturable:
            return
        trainer = CapturedEngine(engine, lambda play: play) if captured else engine
        places = Places(networks)
        for index in range(WARM_UP + 3):
            trainer.iterate(source.iteration(index))
        if moved := places.moved():
            raise PromiseError(
                f"a {spec.arm.network.kind}: '{moved}' is another tensor after an iteration, and a graph goes on with "
                "the first; change it in place (`copy_`, `lerp_`, `clamp_`)"
            )
        ends.append({name: tensor.numpy().tobytes() for name, tensor in network_tensors(networks).items()})
    if ends[0] != ends[1]:
        raise PromiseError(f"a {spec.arm.network.kind} ends otherwise; make the same draws in every iteration")
