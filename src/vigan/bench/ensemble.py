"""Many seeds of one toy arm trained as one batched program, by the same engine on stacked networks and batches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from vigan.bench.stacked import stacked
from vigan.config.arms import RunSpec
from vigan.models.build import build
from vigan.training.batches import Batch, Batches, BatchSource
from vigan.training.engine import Engine


class Ensemble:
    """Runs that differ only in their seed, each with its own weights, examples and latents."""

    def __init__(self, spec: RunSpec, seeds: Sequence[int], array: np.ndarray, device: torch.device) -> None:
        """Prepare to train `spec` with each of `seeds`.

        Raises TypeError if its networks are not perceptrons, ValueError if it has stabilisers other than the
        regulariser: those are written for one run.
        """
        specs = [spec.model_copy(update={"seed": seed}) for seed in seeds]
        members = [build(one.arm, one.dataset.shape, one.seed) for one in specs]
        self.networks = stacked(members).to(device)
        self.engine = Engine(spec.arm, self.networks, math.prod(spec.dataset.shape), members=len(specs))
        if spec.arm.stabilisers:
            raise ValueError(f"no ensemble with stabilisers written for one run ({', '.join(spec.arm.stabilisers)})")
        self.sources = [BatchSource(one, array, device) for one in specs]

    def batches(self, iteration: int) -> Batches:
        """Input of one iteration, each member's own, stacked."""
        each = [source.iteration(iteration) for source in self.sources]
        phases = {name: zip(*(one.phases[name] for one in each), strict=True) for name in each[0].phases}
        return Batches({name: [_stacked(batches) for batches in own] for name, own in phases.items()}, iteration)


def _stacked(batches: Sequence[Batch]) -> Batch:
    reals = [batch.x for batch in batches if batch.x is not None]
    return Batch(torch.stack(reals) if reals else None, torch.stack([batch.z for batch in batches]))
