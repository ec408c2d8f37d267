"""Those who look on while a run trains: a progress bar, TensorBoard. They change nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from io import BytesIO, FileIO
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from vigan.config.arms import RunSpec
from vigan.errors import say
from vigan.models.build import Networks
from vigan.training.latents import evaluation_latents
from vigan.training.snapshots import sample, to_uint8

GRID = 8
SHOWN = {"d_loss": "d", "g_adversarial": "g", "penalty": "penalty", "reconstruction": "x"}
"""Telemetry that the progress bar shows, and under which label."""


class ProgressBar:
    """A bar with rate and time left; on a terminal it moves each second, in a log file each minute."""

    def __init__(self, spec: RunSpec) -> None:
        self.bar = tqdm(total=spec.iterations, desc=f"{spec.name} seed {spec.seed}", unit="it", mininterval=1.0)
        if not self.bar.fp.isatty():
            self.bar.mininterval, self.bar.maxinterval = 60.0, 60.0

    def __call__(self, iteration: int, row: dict[str, float] | None, networks: Networks) -> None:  # noqa: ARG002
        """Show the iterations done and the latest losses."""
        if row is not None:
            shown = {label: f"{row[name]:.4g}" for name, label in SHOWN.items() if name in row}
            self.bar.set_postfix(shown, refresh=False)
        self.bar.update(iteration - self.bar.n)

    def close(self) -> None:
        """End the bar's line."""
        self.bar.close()


class TensorBoard:
    """Scalars of each telemetry row and, at each snapshot, a grid of samples on fixed latents.

    Where they cannot be written, as on a full disk, one line says so and the training goes on without them. They are
    written here and not by torch's SummaryWriter, whose thread prints a traceback then.
    """

    def __init__(self, spec: RunSpec, folder: Path) -> None:
        self.spec, self.folder = spec, folder
        self.latents = evaluation_latents(spec.seed, GRID * GRID, spec.arm.network.latent)
        self.stream: FileIO | None = None
        with self._excused():
            folder.mkdir(parents=True, exist_ok=True)
            self.stream = FileIO(folder / f"events.out.tfevents.{time.time_ns()}", "x")
            self._write(file_version="brain.Event:2")

    def __call__(self, iteration: int, row: dict[str, float] | None, networks: Networks) -> None:
        """Write what there is of this iteration."""
        with self._excused():
            for summary in self._summaries(iteration, row, networks) if self.stream else ():
                self._write(step=iteration, summary=summary)
        if iteration == self.spec.iterations:
            self._close()

    def _summaries(self, iteration: int, row: dict[str, float] | None, networks: Networks) -> Iterator[Any]:
        from torch.utils.tensorboard import summary  # slow to import, and not needed without TensorBoard

        if row is not None:
            yield from (summary.scalar(name, value) for name, value in row.items() if name != "iteration")
        if iteration in self.spec.snapshots and len(self.spec.dataset.shape) == 3:
            yield summary.image("samples", self._grid(networks), dataformats="CHW")

    def _write(self, **event: Any) -> None:
        """Append one event, at once; its framing is TensorBoard's own."""
        from tensorboard.compat.proto import event_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        framed, made = BytesIO(), event_pb2.Event  # pyright: ignore[reportAttributeAccessIssue] - made at its import
        RecordWriter(framed).write(made(wall_time=time.time(), **event).SerializeToString())
        rest = framed.getvalue()
        while rest and self.stream:
            rest = rest[self.stream.write(rest) :]

    @contextlib.contextmanager
    def _excused(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            text = f"warning: {self.folder}: {error.strerror}; TensorBoard gets no more of this run, which goes on"
            say(text)
            self._close()

    def _close(self) -> None:
        if self.stream:
            self.stream.close()
        self.stream = None

    def _grid(self, networks: Networks) -> torch.Tensor:
        device = next(networks.generator.parameters()).device
        fakes = to_uint8(sample(networks.sampled_generator, self.latents.to(device))).cpu()
        channels, side = fakes.shape[1:3]
        rows = fakes.view(GRID, GRID, channels, side, side).permute(2, 0, 3, 1, 4)
        return rows.reshape(channels, GRID * side, GRID * side)
