"""Replay of a golden trace: the author's own graph, step by step, through the engine that trains."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vigan.config.arms import Arm, Dcgan, Optimiser
from vigan.golden.bn_order import BatchStatistics, in_their_order
from vigan.golden.tf_variables import from_tensorflow, to_tensorflow, variables
from vigan.io.files import RecordError
from vigan.models.build import Networks, build
from vigan.training.batches import Batch, Batches
from vigan.training.engine import Engine, Update

SIDE, CHANNELS, LATENT = 64, 3, 100
LAMBDA_MEAN = 5.0
TOLERANCE = 1e-10
INFINITE = 1e308
"""Error of arrays that cannot be compared; a number that JSON can hold."""

_REQUIRED = (
    "seed", "batch_size", "dim", "iterations", "inner", "g_updates_per_batch", "regularised", "batch_norm",
    "z_sample", "sample_before", "sample_after", "kind", "loss", "adversarial", "penalty",
)  # fmt: skip


def verify(file: Path) -> dict[str, Any]:
    """Largest relative errors of a replay in float64: losses, penalties, final weights and samples; `passed`.

    An error is relative to the largest absolute value of its array. Arrays stored as float32 count only by what
    exceeds their rounding. Raises RecordError naming a file that is not a trace.
    """
    trace = _load(file)
    try:
        arm, inputs = _arm(trace), _Inputs(trace)
        networks = build(arm, (CHANNELS, SIDE, SIDE), seed=0).double()
        _load_weights(trace, networks)
    except (ValueError, TypeError, RuntimeError) as error:
        raise RecordError(f"{file}: not a trace of the released graph ({str(error).splitlines()[0]})") from None
    engine = Engine(arm, networks, CHANNELS * SIDE * SIDE, old_forward_updates_bn=arm.regularised)
    d_passes = BatchStatistics(networks.discriminator)
    sample_before = _sample(networks.generator, inputs.z_sample)
    record = _replay(engine, inputs, int(trace["iterations"]))
    errors = {name: _error(record[name], trace[name]) for name in ("loss", "adversarial", "penalty")}
    errors["order"] = 0.0 if np.array_equal(record["kind"], trace["kind"]) else INFINITE
    errors["weights"] = _weights_error(trace, networks, d_passes)
    errors["sample_before"] = _error(sample_before, trace["sample_before"])
    errors["sample_after"] = _error(_sample(networks.generator, inputs.z_sample), trace["sample_after"])
    largest = max(errors.values())
    return {
        "file": str(file),
        "updates": len(record["kind"]),
        "errors": errors,
        "largest": largest,
        "tolerance": TOLERANCE,
        "passed": largest <= TOLERANCE,
    }


def _load(file: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(file, allow_pickle=False) as archive:
            trace = dict(archive)
    except (OSError, EOFError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise RecordError(f"{file}: not a trace ({error})") from None
    missing = [key for key in _REQUIRED if key not in trace]
    if missing:
        raise RecordError(f"{file}: not a trace (no {', '.join(missing)})")
    return trace


def _arm(trace: Mapping[str, np.ndarray]) -> Arm:
    """The arm a trace was made with; its K is the trace's own."""
    if trace["iterations"] < 1:
        raise ValueError("no iterations")
    return Arm(
        network=Dcgan(kind="dcgan", dim=int(trace["dim"]), latent=LATENT, batch_norm=bool(trace["batch_norm"])),
        reading="proximal",
        updates_per_batch=int(trace["g_updates_per_batch"]),
        d_batches=int(trace["inner"]),
        g_batches=int(trace["inner"]),
        batch_size=int(trace["batch_size"]),
        lambda_mean=LAMBDA_MEAN if trace["regularised"] else 0.0,
        optimiser=Optimiser(kind="adam_tf1"),
    )


class _Inputs:
    """The trace's inputs: one RandomState, NHWC images, every array rounded to float32, in the order of the graph."""

    def __init__(self, trace: Mapping[str, np.ndarray]) -> None:
        self.random = np.random.RandomState(int(trace["seed"]))
        self.inner, self.batch = int(trace["inner"]), int(trace["batch_size"])
        self.z_sample = _tensor(self.random.normal(size=trace["z_sample"].shape))

    def iteration(self) -> Batches:
        """Input of the next iteration."""
        of_d = [Batch(self._images(), self._latents(self.batch)) for _ in range(self.inner)]
        of_g = [Batch(None, z) for z in self._latents(self.batch * self.inner).split(self.batch)]
        return Batches({"d": of_d, "g": of_g})

    def _images(self) -> Tensor:
        images = self.random.uniform(-1, 1, (self.batch, SIDE, SIDE, CHANNELS))
        return _tensor(images).permute(0, 3, 1, 2).contiguous()

    def _latents(self, count: int) -> Tensor:
        return _tensor(self.random.normal(size=(count, LATENT)))


def _tensor(draws: np.ndarray) -> Tensor:
    return torch.from_numpy(draws.astype(np.float32).astype(np.float64))


def _replay(engine: Engine, inputs: _Inputs, iterations: int) -> dict[str, np.ndarray]:
    rows: list[tuple[str, float, float, float]] = []

    def callback(update: Update) -> None:
        adversarial = update.adversarial.item() if update.phase == "g" else 0.0
        rows.append((update.phase, update.loss.item(), adversarial, sum(term.item() for term in update.terms.values())))

    for _ in range(iterations):
        engine.iterate(inputs.iteration(), callback)
    return {
        name: np.array(column)
        for name, column in zip(("kind", "loss", "adversarial", "penalty"), zip(*rows, strict=True), strict=True)
    }


@torch.no_grad()
def _sample(generator: nn.Module, z: Tensor) -> np.ndarray:
    """Images NHWC made in inference mode."""
    generator.eval()
    images = generator(z)
    generator.train()
    return images.permute(0, 2, 3, 1).numpy()


def _variables(networks: Networks) -> Iterator[tuple[str, Tensor]]:
    for role, network in networks.items():
        yield from variables(role, network)


@torch.no_grad()
def _load_weights(trace: Mapping[str, np.ndarray], networks: Networks) -> None:
    missing = [key for name, _ in _variables(networks) for key in (f"init/{name}", f"final/{name}") if key not in trace]
    if missing:
        raise ValueError(f"no '{missing[0]}'")
    for name, tensor in _variables(networks):
        tensor.copy_(from_tensorflow(trace[f"init/{name}"], tensor))


def _weights_error(trace: Mapping[str, np.ndarray], networks: Networks, d_passes: BatchStatistics) -> float:
    """Largest deviation of a final weight or moving average, relative to the largest value of its layer."""
    d_names = {id(tensor): name for name, tensor in networks.discriminator.state_dict(keep_vars=True).items()}
    worst = 0.0
    for name, tensor in _variables(networks):
        ours, theirs = to_tensorflow(tensor), trace[f"final/{name}"]
        passes = d_passes.passes.get(d_names.get(id(tensor), ""))
        if passes and ours.shape == theirs.shape:
            ours = in_their_order(ours, theirs, np.array(passes), _real_passes(trace))
        worst = max(worst, _error(ours, theirs, scale=_layer_scale(trace, name)))
    return worst


def _real_passes(trace: Mapping[str, np.ndarray]) -> list[int]:
    """Positions of D's passes over real images among all its passes: pairs per D update, then one per G update."""
    inner, k = int(trace["inner"]), int(trace["g_updates_per_batch"])
    per_iteration = inner * (2 + k)
    return [start * per_iteration + 2 * batch for start in range(int(trace["iterations"])) for batch in range(inner)]


def _layer_scale(trace: Mapping[str, np.ndarray], name: str) -> float:
    layer = f"final/{name}".removesuffix(name.rpartition("/")[2]).removesuffix("BatchNorm/")
    return max(float(np.abs(value).max()) for key, value in trace.items() if key.startswith(layer))


def _error(ours: np.ndarray, theirs: np.ndarray, scale: float | None = None) -> float:
    """Largest deviation over `scale` (default: the largest value); `INFINITE` if shapes differ or one is not finite."""
    if ours.shape != theirs.shape or not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return INFINITE
    rounding = np.spacing(np.abs(theirs)).astype(np.float64) / 2 if theirs.dtype == np.float32 else 0.0
    deviation = np.maximum(np.abs(ours - theirs.astype(np.float64)) - rounding, 0.0).max()
    scale = float(np.abs(theirs).max()) if scale is None else scale
    return float(deviation / scale) if scale else float(deviation)
