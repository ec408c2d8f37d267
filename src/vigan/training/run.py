"""One run, from its first iteration or its last checkpoint to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from vigan.config import schedule
from vigan.config.arms import RunSpec
from vigan.io.files import RecordError
from vigan.models.build import Networks, build
from vigan.runtime.energy import Cost, Meter, counters
from vigan.training import checkpoint
from vigan.training.batches import BatchSource
from vigan.training.cuda_graph import trainer
from vigan.training.device import named, uuid
from vigan.training.engine import Engine
from vigan.training.other_draws import no_other_draws
from vigan.training.randomness import no_global_draws
from vigan.training.snapshots import save_snapshot
from vigan.training.telemetry import Telemetry

RunCallback = Callable[[int, "dict[str, float] | None", Networks], None]
"""Called after every iteration with (iterations done, the telemetry row or None, the networks)."""


class Outcome(NamedTuple):
    """How a run ended. `cost` is that of training over all its sessions; `telemetry` has the columns named.

    `snapshots` are SHA-256 (hex) by file name, `devices` those it was trained on, in order.
    """

    status: Literal["completed", "diverged"]
    iterations: int
    columns: tuple[str, ...]
    telemetry: np.ndarray
    weights_hash: str
    cost: Cost
    snapshots: dict[str, str]
    devices: list[str]


def engine(spec: RunSpec, networks: Networks) -> Engine:
    """The engine of a run."""
    return Engine(spec.arm, networks, schedule.coordinates(spec.arm, spec.dataset.shape), seed=spec.seed)


class Run:
    """One arm and seed: its engine, its input, its state folder."""

    def __init__(
        self, spec: RunSpec, array: np.ndarray, folder: Path, device: torch.device, owner: str | None = None
    ) -> None:
        """Build the run and, if `folder` has a checkpoint of it, resume from that.

        `owner` is a digest of everything the run depends on; by default that of its spec.
        """
        shape = spec.dataset.shape
        self.spec, self.folder, self.device, self.owner = spec, folder, device, owner or spec.digest
        self.networks = build(spec.arm, shape, spec.seed).to(device)
        with no_global_draws(device, spec.name), no_other_draws(spec.name):
            self.engine = engine(spec, self.networks)
        self.trainer = trainer(self.engine, device)
        self.source = BatchSource(spec, array, device)
        self.telemetry = Telemetry(self.engine)
        self.rows: list[list[float]] = []
        self.snapshots: dict[str, str] = {}
        self.devices: list[str] = []
        self.iteration, self.begun, self.cost = 0, False, Cost()
        self.refused = self._resume()
        if self.devices[-1:] != [named(device)]:
            self.devices.append(named(device))

    def train(self, callbacks: tuple[RunCallback, ...] = (), save_every: float = 60.0) -> Outcome:
        """Train to the end, or to a loss or weight that is not finite; a checkpoint each `save_every` seconds."""
        self._snapshot_if_due()  # of the initial weights, or again of the iteration resumed from
        meter, saved = Meter(counters(uuid(self.device)), self.cost), time.monotonic()
        finite = True
        while self.iteration < self.spec.iterations and finite:
            row = self._iterate()
            finite = row is None or (self.telemetry.finite(row) and self._finite_weights())
            self._snapshot_if_due()
            for callback in callbacks:
                callback(self.iteration, row, self.networks)
            if finite and time.monotonic() - saved >= save_every:
                self._save(meter.read())
                saved = time.monotonic()
        self.cost = meter.read()
        status = "completed" if finite and self._finite_weights() else "diverged"
        columns = self.telemetry.columns
        table = np.array(self.rows, dtype=np.float64).reshape(-1, len(columns))
        weights = checkpoint.weights_hash(self.networks)
        return Outcome(status, self.iteration, columns, table, weights, self.cost, self.snapshots, self.devices)

    def _iterate(self) -> dict[str, float] | None:
        batches = self.source.iteration(self.iteration)
        self.iteration += 1
        logged = not self.iteration % self.spec.log_every or self.iteration == self.spec.iterations
        if logged:
            self.telemetry.begin()
        others = nullcontext() if self.begun else no_other_draws(self.spec.name)
        with no_global_draws(self.device, self.spec.name), others:
            self.trainer.iterate(batches, self.telemetry if logged else None)
        self.begun = True
        if not logged:
            return None
        row = self.telemetry.row(self.iteration)
        self.rows.append(list(row.values()))
        return row

    def _snapshot_if_due(self) -> None:
        if self.iteration in self.spec.snapshots:
            name, digest = save_snapshot(
                self.folder / checkpoint.SNAPSHOTS,
                self.iteration,
                self.networks,
                discriminator=self.spec.keep_discriminator,
            )
            self.snapshots[name] = digest

    def _finite_weights(self) -> bool:
        return all(bool(tensor.isfinite().all()) for tensor in self.networks.parameters())

    def _save(self, cost: Cost) -> None:
        tensors = checkpoint.network_tensors(self.networks)
        values: dict[str, Any] = {"cost": cost._asdict(), "devices": self.devices}
        for name, optimiser in self._optimisers().items():
            tensors |= checkpoint.optimiser_tensors(optimiser, name)
            values[name] = checkpoint.optimiser_values(optimiser)
        tensors["telemetry"] = torch.tensor(self.rows, dtype=torch.float64)
        checkpoint.save(self.folder, checkpoint.Checkpoint(self.iteration, tensors, values, self.snapshots), self.owner)

    def _resume(self) -> list[str]:
        """Restore the newest valid checkpoint, if there is one; returns why newer ones were refused."""
        found, refused = checkpoint.load_newest(self.folder, self.owner)
        if found is not None:
            try:
                self._restore(found)
            except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
                reason = str(error).splitlines()[0] if str(error) else repr(error)
                raise RecordError(
                    f"{self.folder}: its checkpoint does not fit this run ({reason}); remove it to start anew"
                ) from None
        return refused

    def _restore(self, found: checkpoint.Checkpoint) -> None:
        # Restore weights and moving averages, then the optimisers, then what has been recorded so far.
        checkpoint.restore_networks(self.networks, found.tensors)
        for name, optimiser in self._optimisers().items():
            checkpoint.restore_optimiser(optimiser, found.tensors, found.values[name], name)
        self.rows = found.tensors["telemetry"].tolist()
        self.iteration, self.cost = found.iteration, Cost(**found.values["cost"])
        self.snapshots, self.devices = dict(found.snapshots), list(found.values["devices"])

    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {f"{name}_optimiser": group.optimiser for name, group in self.engine.groups.items()}
