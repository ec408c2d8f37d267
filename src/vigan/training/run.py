"""One run from its first iteration, or its last checkpoint, to its end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from vigan.config.arms import RunSpec
from vigan.models.build import Networks, build
from vigan.training import checkpoint as store
from vigan.training.batches import BatchSource
from vigan.training.engine import Engine
from vigan.training.recorded import Recorded
from vigan.training.snapshots import save_snapshot
from vigan.training.telemetry import COLUMNS, Telemetry

Observer = Callable[[int, "list[float] | None", Networks], None]
"""Called after every iteration with (iterations done, the telemetry row or None, G and D)."""


class Outcome(NamedTuple):
    """How a run ended. `seconds` is the training time of all its sessions."""

    status: Literal["completed", "diverged"]
    iterations: int
    telemetry: np.ndarray
    weights_hash: str
    seconds: float


class Run:
    """One arm and seed: its engine, its input, its state folder."""

    def __init__(self, spec: RunSpec, array: np.ndarray, folder: Path, device: torch.device) -> None:
        """Build the run and, if `folder` holds a checkpoint, put it back where it was."""
        shape = spec.dataset.shape
        self.spec, self.folder, self.device = spec, folder, device
        self.networks = Networks(*(net.to(device) for net in build(spec.arm.network, shape, spec.seed)))
        self.engine = Engine(spec.arm, self.networks, math.prod(shape))
        self.player = Recorded(self.engine) if device.type == "cuda" else self.engine
        self.source = BatchSource(spec, array, device)
        self.telemetry = Telemetry(self.networks.generator)
        self.rows: list[list[float]] = []
        self.iteration, self.seconds = 0, 0.0
        self.refused = self._resume()

    def train(self, observers: tuple[Observer, ...] = (), save_every: float = 60.0) -> Outcome:
        """Train to the end, saving a checkpoint each `save_every` seconds. A non-finite loss ends it as `diverged`."""
        self._keep_snapshot()
        started = saved = time.monotonic()
        finite = True
        while self.iteration < self.spec.iterations and finite:
            row = self._iterate()
            finite = row is None or bool(np.isfinite(row[1:5]).all())
            self._keep_snapshot()
            for observe in observers:
                observe(self.iteration, row, self.networks)
            if finite and time.monotonic() - saved >= save_every:
                self._save(time.monotonic() - started)
                saved = time.monotonic()
        self.seconds += time.monotonic() - started
        status = "completed" if finite and self._finite_weights() else "diverged"
        table = np.array(self.rows, dtype=np.float64).reshape(-1, len(COLUMNS))
        return Outcome(status, self.iteration, table, store.weights_hash(self.networks._asdict()), self.seconds)

    def _iterate(self) -> list[float] | None:
        batches = self.source.iteration(self.iteration)
        self.iteration += 1
        if self.iteration % self.spec.log_every and self.iteration != self.spec.iterations:
            self.player.iterate(batches)
            return None
        self.telemetry.expect(g_updates=self.spec.arm.g_batches * self.spec.arm.k)
        self.player.iterate(batches, self.telemetry)
        self.rows.append(self.telemetry.row(self.iteration))
        return self.rows[-1]

    def _keep_snapshot(self) -> None:
        if self.iteration in self.spec.snapshots:
            save_snapshot(self.folder / "snapshots", self.iteration, self.networks.generator)

    def _finite_weights(self) -> bool:
        return all(bool(p.isfinite().all()) for network in self.networks for p in network.parameters())

    def _save(self, elapsed: float) -> None:
        tensors = store.network_tensors(self.networks._asdict())
        values: dict[str, Any] = {"seconds": self.seconds + elapsed}
        for name, optimiser in self._optimisers():
            tensors |= store.optimiser_tensors(optimiser, name)
            values[name] = store.optimiser_values(optimiser)
        tensors["telemetry"] = torch.tensor(self.rows, dtype=torch.float64)
        store.save(self.folder, store.Checkpoint(self.iteration, tensors, values))

    def _resume(self) -> list[str]:
        found, refused = store.load_newest(self.folder)
        if found is not None:
            store.restore_networks(self.networks._asdict(), found.tensors)
            for name, optimiser in self._optimisers():
                store.restore_optimiser(optimiser, found.tensors, found.values[name], name)
            self.rows = found.tensors["telemetry"].tolist()
            self.iteration, self.seconds = found.iteration, found.values["seconds"]
        return refused

    def _optimisers(self) -> Iterator[tuple[str, torch.optim.Optimizer]]:
        yield "g_optimiser", self.engine.g_optimiser
        yield "d_optimiser", self.engine.d_optimiser
