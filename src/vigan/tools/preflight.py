"""Checks before any work: whether the data are available, and how long training will take on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from vigan.config.counts import most_examples, to_train_on
from vigan.config.datasets import CelebA, Dataset, Digits, ImageFolder, StackedDigits, Torchvision
from vigan.config.study import RunKey, Study
from vigan.data import celeba as faces
from vigan.data import identity, image_folder, mnist, torchvision_sets
from vigan.data.source import DataError
from vigan.describe.durations import human
from vigan.io.files import RecordError, read_json
from vigan.layout import Layout
from vigan.runtime.resources import iteration_seconds, trains_on_gpu
from vigan.runtime.settings import MachineError, gpus, in_storage, slots_per_gpu, switched_on

Counts = Sequence[tuple[Dataset, int]]
"""Data sets, and how many examples they have."""

PATIENCE = 12 * 3600.0
"""Seconds of training on CPUs beyond which a study asks for consent."""

A_MOMENT = 600.0
"""Seconds of training on CPUs, by the upper estimate from operations, up to which nothing is timed."""


class Verdict(NamedTuple):
    """Whether to continue, and a message for the user."""

    go: bool
    message: str


def preflight(
    study: Study, pending: Sequence[RunKey], unprepared: Sequence[Dataset], *,
    celeba: Path | None, download: bool, cpu: bool, cores: int | None, prepared: Counts = (),
) -> Verdict:  # fmt: skip
    """Verdict on starting the `pending` runs of a study with `cores` cores, and `unprepared` and `prepared` data sets.

    `cores` is None where the runs are trained on other machines, of which nothing is said.
    Without what a data set is made from, or with fewer examples than the study takes: what is lacking, and the ways to
    get it. Else the time that the pending runs would take, by what `vigan doctor` found an iteration of each arm to
    take, or by a few timed here (where that is a moment, at most); and, without a GPU and beyond `PATIENCE`, how to
    start anyway. Raises RecordError
    where there is a GPU that CUDA cannot use.
    """
    if problems := shortcomings(study, unprepared, prepared, celeba=celeba, download=download):
        return Verdict(False, "\n".join(problems))
    if not pending:
        return Verdict(True, "no run is to be trained")
    if cores is None:
        return Verdict(True, f"{len(pending)} runs to train on other machines")
    on_gpu = [run for run in pending if not cpu and trains_on_gpu(study.arm(run.arm))]
    most = _most_seconds(study, pending) / max(1, min(cores, len(pending)))
    if most <= A_MOMENT and not (on_gpu and gpus()):
        return Verdict(True, f"{len(pending)} runs to train on the CPU: at most {human(most)} or so with {cores} cores")
    return _timed(study, pending, on_gpu, cpu=cpu, cores=cores)


def _most_seconds(study: Study, runs: Sequence[RunKey]) -> float:
    """Upper estimate of the seconds of training `runs` on one core, one after the other."""
    specs = [study.run_spec(arm) for arm in dict.fromkeys(run.arm for run in runs)]
    each = {spec.name: spec.iterations * iteration_seconds(spec, gpu=False) for spec in specs}
    return sum(each[run.arm] for run in runs)


def _timed(study: Study, pending: Sequence[RunKey], on_gpu: Sequence[RunKey], *, cpu: bool, cores: int) -> Verdict:
    """Verdict on training the `pending` runs here, those `on_gpu` on one if it is there."""
    import torch  # the slowest import, which nothing above needs

    from vigan.tools.estimate import training_seconds
    from vigan.training.device import pick_device

    torch.set_num_threads(1)
    if on_gpu and (device := pick_device("auto")).type == "cuda":
        count = max(1, min(len(gpus()), len(on_gpu)))
        hours = human(training_seconds(study, on_gpu, str(device)) / count)
        where = f"{torch.cuda.get_device_name(device)}, {count} GPU{'' if count == 1 else 's'}"
        shared = "; runs that share one gain what `vigan doctor` measures" if slots_per_gpu() > 1 else ""
        times = f"about {hours}, by iterations timed there{shared}"
        return Verdict(True, f"{len(on_gpu)} runs to train on {where}: {times}")
    seconds = training_seconds(study, pending, "cpu") / max(1, min(cores, len(pending)))
    text = (
        f"{len(pending)} runs to train on the CPU: about {human(seconds)} with {cores} cores, by iterations timed here"
    )
    if seconds <= PATIENCE or cpu:
        return Verdict(True, text)
    return Verdict(
        False,
        f"{text}.\nNo GPU was found. Ways to continue:\n"
        "  1. run it on a machine with a CUDA GPU;\n"
        "  2. start smaller: --configfile config/smoke.yaml or config/celeba-tiny.yaml;\n"
        "  3. continue here anyway: add --config cpu=true (stopped runs resume from their last checkpoint).",
    )


def shortcomings(
    study: Study, unprepared: Sequence[Dataset], prepared: Counts = (), *, celeba: Path | None, download: bool
) -> list[str]:
    """What is missing or too small among the data sets, a few lines each."""
    found = [line for dataset, count in prepared for line in _too_few(study, dataset, count)]
    for dataset in unprepared:
        try:  # with a storage jobs see files that this machine need not
            count = most_examples(dataset) if in_storage() else _count(dataset, celeba, download)
            found += _too_few(study, dataset, count)
        except (DataError, MachineError) as error:
            found.append(f"study '{study.study}': {error}")
    return found


def _count(dataset: Dataset, celeba: Path | None, download: bool) -> int | None:
    """Number of examples of a data set, None if only a download shows it. Raises DataError without a source."""
    fetched = identity.fetched()
    match dataset:
        case CelebA():
            if download and faces.locate(celeba, fetched) is None:
                return most_examples(dataset)
            return to_train_on(dataset, faces.count(dataset, faces.find(celeba, fetched)))
        case ImageFolder():
            return to_train_on(dataset, image_folder.count(dataset))
        case Digits(origin=origin) | StackedDigits(origin=origin) if origin != "sklearn" and not download:
            mnist.find(origin, fetched)
        case Torchvision():
            torchvision_sets.find(dataset, fetched, download=download)
    return most_examples(dataset)


def _too_few(study: Study, dataset: Dataset, count: int | None) -> Iterator[str]:
    """Protocols and arms that need more examples than there are."""
    homes = {name: home for name, home in study.experiments.items() if study.data_of(name) == dataset}
    for name, home in homes.items():
        needs = {
            f"protocol '{protocol.kind}' takes {protocol.definition.real_samples} x {protocol.samples:,} real examples":
            protocol.definition.real_samples * protocol.samples for protocol in home.protocols
            if protocol.definition.measured
        } | {
            f"protocol '{protocol.kind}' compares with {protocol.reference:,} real examples": protocol.reference
            for protocol in home.protocols if isinstance(protocol.reference, int)
        } | {
            f"arm '{arm}' has batches of {row.batch_size:,}": row.batch_size
            for arm, row in home.arms.items() if row.real_batches
        }  # fmt: skip
        for what, needed in needs.items():
            if count is not None and count < needed:
                yield f"experiment '{name}': {what}, and '{home.dataset}' has {count:,}; lower it, or add examples"


def prepared_counts(layout: Layout) -> Counts:
    """The data sets that are prepared, with the number of their examples; a damaged one is left to who loads it."""
    found = []
    for dataset in layout.study.datasets.values():
        with contextlib.suppress(RecordError, ValueError, LookupError, TypeError):
            found.append((dataset, int(read_json(layout.data(dataset) / "manifest.json")["count"])))
    return found


def warnings(
    study: Study, pending: Sequence[RunKey], unprepared: Sequence[Dataset], prepared: Counts = ()
) -> list[str]:
    """What to know before a plan starts: missing data, and runs to train without a GPU."""
    found = shortcomings(study, unprepared, prepared, celeba=None, download=switched_on("download"))
    if pending and not gpus() and not switched_on("cpu"):
        found.append(f"{len(pending)} runs to train and no GPU here; `vigan preflight` says how long it would take")
    return found
