"""Those who look on while a run trains: a progress bar, TensorBoard. They change nothing."""

from __future__ import annotations

from pathlib import Path

import torch
from tqdm import tqdm

from vigan.config.arms import RunSpec
from vigan.models.build import Networks
from vigan.training.latents import evaluation_latents
from vigan.training.snapshots import sample, to_uint8
from vigan.training.telemetry import COLUMNS

GRID = 8


class ProgressBar:
    """A bar with rate and time left; on a terminal it moves each second, in a log file each minute."""

    def __init__(self, spec: RunSpec) -> None:
        self.bar = tqdm(total=spec.iterations, desc=f"{spec.name} seed {spec.seed}", unit="it", mininterval=1.0)
        if not self.bar.fp.isatty():
            self.bar.mininterval, self.bar.maxinterval = 60.0, 60.0

    def __call__(self, iteration: int, row: list[float] | None, networks: Networks) -> None:  # noqa: ARG002
        """Show the iterations done and the latest losses."""
        if row is not None:
            self.bar.set_postfix(d=f"{row[1]:.3f}", g=f"{row[3]:.3f}", penalty=f"{row[4]:.4f}", refresh=False)
        self.bar.update(iteration - self.bar.n)

    def close(self) -> None:
        """End the bar's line."""
        self.bar.close()


class TensorBoard:
    """Scalars of each telemetry row and, at each snapshot, a grid of samples on fixed latents."""

    def __init__(self, spec: RunSpec, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter  # slow to import, and not needed without TensorBoard

        self.spec, self.writer = spec, SummaryWriter(str(folder))
        self.latents = evaluation_latents(spec.seed, GRID * GRID, spec.arm.network.latent)

    def __call__(self, iteration: int, row: list[float] | None, networks: Networks) -> None:
        """Write what there is of this iteration."""
        if row is not None:
            for name, value in zip(list(COLUMNS)[1:], row[1:], strict=True):
                self.writer.add_scalar(name, value, iteration)
        if iteration in self.spec.snapshots and len(self.spec.dataset.shape) == 3:
            self.writer.add_image("samples", self._grid(networks), iteration)
        if iteration == self.spec.iterations:
            self.writer.close()

    def _grid(self, networks: Networks) -> torch.Tensor:
        device = next(networks.generator.parameters()).device
        fakes = to_uint8(sample(networks.generator, self.latents.to(device))).cpu()
        channels, side = fakes.shape[1:3]
        rows = fakes.view(GRID, GRID, channels, side, side).permute(2, 0, 3, 1, 4)
        return rows.reshape(channels, GRID * side, GRID * side)
