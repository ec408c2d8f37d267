"""Replay of a recording: the author's own graph, step by step, through the engine that trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vigan.config import schedule
from vigan.golden.bn_order import BatchStatistics, in_their_order
from vigan.golden.errors import INFINITE, error, error_of_variable
from vigan.golden.recording import CHANNELS, LATENT, LOSSES, SIDE, Recording, load, tensorflow_values
from vigan.golden.tf_variables import from_tensorflow, variables
from vigan.models.build import Networks, build
from vigan.training.batches import Batch, Batches
from vigan.training.engine import Engine, Update

TOLERANCE = 1e-11
"""Largest error of a replay that agrees: rounding reaches 3e-12 where gradients cancel, any fault is larger."""
Progress = Callable[[str], None]


def verify(file: Path, progress: Progress = lambda _: None, *, twice: bool = True) -> dict[str, Any]:
    """Largest relative errors of a replay in float64, the variable that differs most, and whether it `passed`.

    A run is replayed with a callback, as in iterations that are logged ("watched"), and if `twice` without one, too.
    `progress` is called for each iteration. Raises `RecordingError` naming a file that is not a recording.
    """
    recording = load(file)
    watched = Replay(recording)
    rows = watched.play(progress, logged=True)
    errors = {name: error(rows[name], recording.arrays[name]) for name in LOSSES}
    errors["order"] = 0.0 if np.array_equal(rows["kind"], recording.arrays["kind"]) else INFINITE
    errors["sample_before"] = error(watched.sample_before, recording.arrays["sample_before"])
    errors["sample_after"] = error(watched.sample(), recording.arrays["sample_after"])
    of_variables = watched.variable_errors()
    errors["weights"] = max(of_variables.values())
    if twice:
        errors["unwatched"] = _unwatched(watched, progress)
    largest = max(errors.values())
    return {
        "file": str(file),
        "updates": len(rows["kind"]),
        "errors": errors,
        "worst_variable": max(of_variables, key=lambda name: of_variables[name]),
        "largest": largest,
        "tolerance": TOLERANCE,
        "passed": largest <= TOLERANCE,
    }


def _unwatched(watched: Replay, progress: Progress) -> float:
    """Largest difference of what a recording's replay ends with if nobody watches it."""
    recording = watched.recording
    unwatched = Replay(recording)
    unwatched.play(progress, logged=False)
    ends, lr = tensorflow_values(unwatched.networks), recording.arm.optimiser.lr
    return max(error(ends[name], value, lr) for name, value in tensorflow_values(watched.networks).items())


class Replay:
    """One play of a recording: networks at its start, the engine as a run has it, the recording's own inputs."""

    def __init__(self, recording: Recording) -> None:
        """Put networks at the recording's start. Raises `RecordingError` where it does not hold one."""
        shape = (CHANNELS, SIDE, SIDE)
        self.recording, arm = recording, recording.arm
        self.networks = build(arm, shape, seed=0).double()
        self.start = recording.start(self.networks)
        _load(self.networks, self.start)
        self.inputs = _Inputs(recording)
        self.engine = Engine(arm, self.networks, schedule.coordinates(arm, shape))
        self.d_passes = BatchStatistics(self.networks.discriminator)
        self.sample_before = self.sample()

    def play(self, progress: Progress, *, logged: bool) -> dict[str, np.ndarray]:
        """Train for the recording's iterations; columns of the reported updates if `logged`."""
        rows: list[tuple[str, float, float, float]] = []

        def callback(update: Update) -> None:
            adversarial = update.adversarial.item() if update.phase == "g" else 0.0
            rows.append(
                (update.phase, update.loss.item(), adversarial, sum(term.item() for term in update.terms.values()))
            )

        count, kind = self.recording.settings["iterations"], "watched" if logged else "unwatched"
        for index in range(count):
            self.engine.iterate(self.inputs.iteration(), callback if logged else None)
            progress(f"{self.recording.file.name}: {kind} iteration {index + 1} of {count}")
        columns = zip(*rows, strict=True) if rows else ((),) * 4
        return {name: np.array(column) for name, column in zip(("kind", *LOSSES), columns, strict=True)}

    @torch.no_grad()
    def sample(self) -> np.ndarray:
        """Images NHWC of the recording's latents, made in inference mode."""
        generator = self.networks.generator
        generator.eval()
        images = generator(self.inputs.z_sample)
        generator.train()
        return images.permute(0, 2, 3, 1).numpy()

    def variable_errors(self) -> dict[str, float]:
        """Error of each final weight and moving average, by TensorFlow's name."""
        names, step, errors = _names(self.networks.discriminator), self.recording.arm.optimiser.lr, {}
        for name, ours in tensorflow_values(self.networks).items():
            passes = self.d_passes.passes.get(names.get(name, ""))
            theirs = self.recording.arrays.get(f"final/{name}")
            if passes and theirs is not None:
                ours = in_their_order(ours, theirs, np.array(passes), self._real_passes())
            errors[name] = error_of_variable(name, ours, self.start[name], self.recording.arrays, step)
        return errors

    def _real_passes(self) -> list[int]:
        """Positions of D's passes over real images among all its passes: pairs per D update, then one per G update."""
        arm, count = self.recording.arm, self.recording.settings["iterations"]
        per_iteration = 2 * arm.d_batches + arm.updates
        return [start * per_iteration + 2 * batch for start in range(count) for batch in range(arm.d_batches)]


class _Inputs:
    """The recording's inputs: one RandomState, NHWC images, every array rounded to float32, in the graph's order."""

    def __init__(self, recording: Recording) -> None:
        self.random = np.random.RandomState(recording.settings["seed"])
        self.batches, self.size = recording.settings["inner"], recording.settings["batch_size"]
        z_sample = recording.arrays["z_sample"]
        self.z_sample = _tensor(self.random.normal(size=z_sample.shape))
        if not np.array_equal(self.z_sample.numpy(), z_sample.astype(np.float64)):
            raise recording.refusal("the latents drawn from its seed are not its 'z_sample'")

    def iteration(self) -> Batches:
        """Input of the next iteration."""
        of_d = [Batch(self._images(), self._latents(self.size)) for _ in range(self.batches)]
        of_g = [Batch(None, z) for z in self._latents(self.size * self.batches).split(self.size)]
        return Batches({"d": of_d, "g": of_g})

    def _images(self) -> Tensor:
        images = self.random.uniform(-1, 1, (self.size, SIDE, SIDE, CHANNELS))
        return _tensor(images).permute(0, 3, 1, 2).contiguous()

    def _latents(self, count: int) -> Tensor:
        return _tensor(self.random.normal(size=(count, LATENT)))


def _tensor(draws: np.ndarray) -> Tensor:
    return torch.from_numpy(draws.astype(np.float32).astype(np.float64))


@torch.no_grad()
def _load(networks: Networks, start: Mapping[str, np.ndarray]) -> None:
    for role, network in networks.items():
        for name, tensor in variables(role, network):
            tensor.copy_(from_tensorflow(start[name], tensor))


def _names(discriminator: nn.Module) -> dict[str, str]:
    """Our name of each variable of D by TensorFlow's."""
    ours = {id(tensor): name for name, tensor in discriminator.state_dict(keep_vars=True).items()}
    return {name: ours[id(tensor)] for name, tensor in variables("discriminator", discriminator)}
