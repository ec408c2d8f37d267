"""Many seeds of one toy arm as one batched program: the engine that trains one, on networks and batches of all."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from vigan.bench.stacked import stacked
from vigan.config.arms import RunSpec
from vigan.models.build import build
from vigan.training.batches import BatchSource
from vigan.training.engine import Batches, Engine


class Ensemble:
    """Runs that differ in nothing but their seed, each with its own weights, examples and latents."""

    def __init__(self, spec: RunSpec, seeds: Sequence[int], array: np.ndarray, device: torch.device) -> None:
        """Prepare to train `spec` with each of `seeds`.

        Raises TypeError if its networks are no perceptrons, ValueError if it has stabilisers but the regulariser:
        they are written for one run.
        """
        specs = [spec.model_copy(update={"seed": seed}) for seed in seeds]
        members = [build(one.arm, one.dataset.shape, one.seed) for one in specs]
        self.networks = stacked(members).to(device)
        self.engine = Engine(spec.arm, self.networks, math.prod(spec.dataset.shape), members=len(specs))
        if rivals := [name for name, weight in spec.arm.stabilisers.items() if weight]:
            raise ValueError(f"no ensemble with stabilisers written for one run ({', '.join(rivals)})")
        self.sources = [BatchSource(one, array, device) for one in specs]

    def batches(self, iteration: int) -> Batches:
        """Input of one iteration, each member's own, stacked."""
        each = [source.iteration(iteration) for source in self.sources]
        pairs = zip(*(one.discriminator for one in each), strict=True)
        latents = zip(*(one.generator for one in each), strict=True)
        return Batches(
            [tuple(torch.stack(part) for part in zip(*pair, strict=True)) for pair in pairs],  # type: ignore[misc]
            [torch.stack(z) for z in latents],
        )
