"""Training callbacks, which do not affect a run: a progress bar, TensorBoard."""

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
"""Telemetry columns in the progress bar, and their labels."""


class ProgressBar:
    """A progress bar with rate and time left, updated each second on a terminal, each minute in a log file."""

    def __init__(self, spec: RunSpec) -> None:
        self.bar = tqdm(total=spec.iterations, desc=f"{spec.name} seed {spec.seed}", unit="it", mininterval=1.0)
        if not self.bar.fp.isatty():
            self.bar.mininterval, self.bar.maxinterval = 60.0, 60.0

    def __call__(self, iteration: int, row: dict[str, float] | None, networks: Networks) -> None:  # noqa: ARG002
        """Show the iterations done and the latest losses."""
        if row is not None:
            shown = {label: f"{row[name]:.4g}" for name, label in SHOWN.items() if name in row}
            self.bar.set_postfix(shown, refresh=False)
        if not self.bar.n:  # a run that was resumed: rate and time left are those of what it does now
            self.bar.initial = self.bar.n = self.bar.last_print_n = iteration - 1
        self.bar.update(iteration - self.bar.n)

    def close(self) -> None:
        """End the bar's line."""
        self.bar.close()


class TensorBoard:
    """Scalars of each telemetry row and, at each snapshot, a grid of samples on fixed latents.

    Its file is made at the first iteration: until then another process may train this run, and write to the folder. If
    nothing can be written, as on a full disk, it prints a warning and training continues without it. Torch's
    SummaryWriter is not used, as its thread would print a traceback then.
    """

    def __init__(self, spec: RunSpec, folder: Path) -> None:
        self.spec, self.folder, self.begun = spec, folder, False
        self.latents = evaluation_latents(spec.seed, GRID * GRID, spec.arm.network.latent)
        self.stream: FileIO | None = None

    def __call__(self, iteration: int, row: dict[str, float] | None, networks: Networks) -> None:
        """Write the summaries of this iteration, if any."""
        with self._excused():
            if not self.begun:
                self._begin()
            for summary in self._summaries(iteration, row, networks) if self.stream else ():
                self._write(step=iteration, summary=summary)

    def _begin(self) -> None:
        self.begun = True
        self.folder.mkdir(parents=True, exist_ok=True)
        self.stream = FileIO(self.folder / f"events.out.tfevents.{time.time_ns()}", "x")
        self._write(file_version="brain.Event:2")

    def _summaries(self, iteration: int, row: dict[str, float] | None, networks: Networks) -> Iterator[Any]:
        from torch.utils.tensorboard import summary  # slow import, needed for TensorBoard only

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
            self.close()

    def close(self) -> None:
        """Close the file of events."""
        if self.stream:
            self.stream.close()
        self.stream = None

    def _grid(self, networks: Networks) -> torch.Tensor:
        device = next(networks.generator.parameters()).device
        fakes = to_uint8(sample(networks.sampled_generator, self.latents.to(device))).cpu()
        channels, side = fakes.shape[1:3]
        rows = fakes.view(GRID, GRID, channels, side, side).permute(2, 0, 3, 1, 4)
        return rows.reshape(channels, GRID * side, GRID * side)
