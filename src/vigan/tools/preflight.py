"""Before any work: is the data at hand, and how long will the training take on this machine?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from vigan.config.datasets import CelebA, Dataset, Digits, StackedDigits, Torchvision
from vigan.config.study import RunKey, Study
from vigan.data import celeba as faces
from vigan.data import mnist, torchvision_sets
from vigan.data.source import DataError
from vigan.runtime.resources import trains_on_gpu
from vigan.runtime.settings import gpu_slots

PATIENCE = 12 * 3600.0
"""Seconds of training on CPUs beyond which a study asks for consent."""


class Verdict(NamedTuple):
    """Whether to go on, and what to tell the user."""

    go: bool
    message: str


def preflight(
    study: Study, pending: Sequence[RunKey], unprepared: Sequence[Dataset], *,
    celeba: Path | None, download: bool, cpu: bool, cores: int | None,
) -> Verdict:  # fmt: skip
    """Verdict on starting the `pending` runs of a study with `cores` cores and `unprepared` data sets.

    `cores` is None where the runs are trained on other machines, of which nothing is said.
    Without CelebA or MNIST where it is needed: the ways to get it. Else the time that the pending runs would take, by
    what `vigan doctor` found an iteration of each arm to take, or by a few timed here; and, without a GPU and beyond
    `PATIENCE`, how to go on anyway. Raises RecordError where there is a GPU that CUDA cannot use.
    """
    missing = [] if download else list(filter(None, (_missing(data, celeba) for data in unprepared)))
    if missing:
        return Verdict(False, f"study '{study.study}' needs {missing[0]}")
    if not pending:
        return Verdict(True, "every run has been trained already")
    if cores is None:
        return Verdict(True, f"{len(pending)} runs to train on other machines")
    return _timed(study, pending, cpu=cpu, cores=cores)


def _timed(study: Study, pending: Sequence[RunKey], *, cpu: bool, cores: int) -> Verdict:
    """Verdict on training the `pending` runs here."""
    import torch  # by far the longest import, of which nothing above has need

    from vigan.tools.estimate import human, training_seconds
    from vigan.training.device import pick_device

    torch.set_num_threads(1)
    on_gpu = [run for run in pending if not cpu and trains_on_gpu(study.arm(run.arm))]
    if on_gpu and (device := pick_device("auto")).type == "cuda":
        hours = human(training_seconds(study, on_gpu, str(device)) / gpu_slots())
        where = f"{torch.cuda.get_device_name(device)}, {gpu_slots()} at a time"
        return Verdict(True, f"{len(on_gpu)} runs to train on {where}: about {hours}, by iterations timed there")
    seconds = training_seconds(study, pending, "cpu") / max(1, min(cores, len(pending)))
    text = (
        f"{len(pending)} runs to train on the CPU: about {human(seconds)} with {cores} cores, by iterations timed here"
    )
    if seconds <= PATIENCE or cpu:
        return Verdict(True, text)
    return Verdict(
        False,
        f"{text}.\nNo GPU was found. Ways to go on:\n"
        "  1. run it on a machine with a CUDA GPU;\n"
        "  2. start smaller: --configfile config/smoke.yaml or config/celeba-tiny.yaml;\n"
        "  3. go on here all the same: add --config cpu=true (runs resume where they were stopped).",
    )


def _missing(dataset: Dataset, celeba: Path | None) -> str | None:
    """What a data set is made from, where that is not at hand, and how to get it; else None."""
    match dataset:
        case CelebA() if faces.locate(celeba) is None:
            return f"CelebA.\n{faces.HOW_TO_GET}"
        case Digits(origin=origin) | StackedDigits(origin=origin) if origin != "sklearn":
            try:
                mnist.find(origin, None)
            except DataError as error:
                return f"MNIST.\n{error}"
        case Torchvision() if torchvision_sets.located() is None:
            return f"torchvision's {dataset.name}.\n{torchvision_sets.ways(dataset)}"
    return None
