"""Before any work: is the data at hand, and how long will the training take on this machine?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from vigan.config.arms import RunSpec
from vigan.config.datasets import CelebA, Dataset
from vigan.config.study import RunKey, Study
from vigan.data import celeba as faces
from vigan.models.build import build
from vigan.training.batches import BatchSource
from vigan.training.engine import Engine

PATIENCE = 12 * 3600.0
"""Seconds of training on CPUs beyond which a study asks for consent."""


class Verdict(NamedTuple):
    """Whether to go on, and what to tell the user."""

    go: bool
    message: str


def preflight(
    study: Study, pending: Sequence[RunKey], unprepared: Sequence[Dataset], *,
    celeba: Path | None, download: bool, cpu: bool, cores: int,
) -> Verdict:  # fmt: skip
    """Verdict on starting the `pending` runs of a study with `cores` cores and `unprepared` data sets.

    Without CelebA where it is needed: three ways to get it. Without a GPU: the time the pending runs would take, from
    a few iterations of each arm timed here, and, beyond `PATIENCE`, how to go on anyway.
    """
    if not download and any(isinstance(data, CelebA) for data in unprepared) and faces.locate(celeba) is None:
        return Verdict(False, f"study '{study.study}' needs CelebA.\n{faces.HOW_TO_GET}")
    if not pending:
        return Verdict(True, "every run has been trained already")
    if torch.cuda.is_available():
        return Verdict(True, f"{len(pending)} runs to train on {torch.cuda.get_device_name(0)}")
    seconds = _training_seconds(study, pending) / max(1, min(cores, len(pending)))
    told = (
        f"{len(pending)} runs to train on the CPU: about {_human(seconds)} with {cores} cores, by iterations timed here"
    )
    if seconds <= PATIENCE or cpu:
        return Verdict(True, told)
    return Verdict(
        False,
        f"{told}.\nNo GPU was found. Ways to go on:\n"
        "  1. run it on a machine with a CUDA GPU;\n"
        "  2. start smaller: --configfile config/smoke.yaml or config/celeba-tiny.yaml;\n"
        "  3. go on here all the same: add --config cpu=true (runs resume where they were stopped).",
    )


def _training_seconds(study: Study, pending: Sequence[RunKey]) -> float:
    """Core-seconds of all pending runs; each arm is timed once, on one thread."""
    torch.set_num_threads(1)
    per_iteration = {
        arm: _iteration_seconds(study.run_spec(arm, 0)) for arm in dict.fromkeys(run.arm for run in pending)
    }
    return sum(per_iteration[run.arm] * study.run_spec(run.arm, run.seed).iterations for run in pending)


def _iteration_seconds(spec: RunSpec) -> float:
    """Shortest of three iterations, after one that is not counted; long ones are timed once."""
    shape = (2 * spec.arm.batch_size, *spec.dataset.shape)
    examples = np.zeros(shape, np.uint8 if len(shape) == 4 else np.float32)
    source = BatchSource(spec, examples, torch.device("cpu"))
    engine = Engine(spec.arm, build(spec.arm.network, spec.dataset.shape, seed=0), int(np.prod(spec.dataset.shape)))
    times: list[float] = []
    while len(times) < 4 and sum(times) < 2.0:
        start = time.perf_counter()
        engine.iterate(source.iteration(len(times)))
        times.append(time.perf_counter() - start)
    return min(times)


def _human(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"
