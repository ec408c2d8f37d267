"""Engines with synthetic input for benchmarks: speed does not depend on the values."""

from __future__ import annotations

import math
from typing import Any

import torch

from vigan.config.arms import Arm, Precision
from vigan.models.build import build
from vigan.training.batches import Batch, Batches
from vigan.training.engine import Engine

CPU = torch.device("cpu")


def engine(row: dict[str, Any], shape: tuple[int, ...], precision: Precision, device: torch.device = CPU) -> Engine:
    """Engine of an arm's row in a precision, for examples of `shape`."""
    arm = Arm.model_validate({**row, "precision": precision})
    networks = build(arm, shape, seed=0).to(device)
    return Engine(arm, networks, math.prod(shape))


def batches(row: dict[str, Any], shape: tuple[int, ...], device: torch.device = CPU) -> Batches:
    """Input of an iteration of an arm with one D and one G batch: examples uniform in (-1, 1), latents normal."""
    arm, draws = Arm.model_validate(row), torch.Generator().manual_seed(0)
    real = torch.rand((arm.batch_size, *shape), generator=draws) * 2 - 1
    latents = torch.randn((2, arm.batch_size, arm.network.latent), generator=draws).to(device)
    return Batches({"d": [Batch(real.to(device), latents[0])], "g": [Batch(None, latents[1])]})
