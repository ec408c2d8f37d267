"""Estimated duration of a study on this machine, by stage, from timing a small sample of each kind of work."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from vigan.config.arms import RunSpec
from vigan.config.datasets import CELEBA_COUNT, CelebA, Dataset, ImageFolder
from vigan.config.experiment import Protocol
from vigan.config.study import RunKey, Study
from vigan.data.archive import Folder, images_among
from vigan.data.celeba import Face
from vigan.data.image_folder import Picture
from vigan.describe.durations import human
from vigan.features.extractors import make_extractor, missing_weights
from vigan.metrics.protocols import Reference, feature_metrics
from vigan.models.build import build
from vigan.runtime.resources import measures_on_gpu, trains_on_gpu
from vigan.runtime.settings import expanded
from vigan.tools.timings import kept_seconds
from vigan.training.batches import BatchSource
from vigan.training.cuda_graph import WARM_UP, CapturedEngine, trainer
from vigan.training.device import calculate_in, pick_device
from vigan.training.run import engine

SIZE = (178, 218)
TRIED = {"cpu": 64, "cuda": 256}
"""Images made features of, by the type of device: a batch or more."""
PHOTOGRAPHS = 64
MOST_ROWS = 1000
ENOUGH = 2.0


class UntimedError(Exception):
    """What cannot be timed here; the message says why, and what to do."""


@dataclass
class Estimate:
    """Seconds of one process by stage, and by arm for training: `train[arm]` is one run's.

    `unknown` is what could not be timed, by protocol, and why; it is counted as nothing. `at_once`: the number of
    GPUs, on each of which runs are measured beside one that trains; None without any.
    """

    prepare: float
    reference: float
    train: dict[str, float]
    evaluate: dict[str, float]
    counts: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    at_once: int | None = None

    @property
    def share(self) -> float:
        """Evaluation's seconds over those of training and evaluation."""
        measured, trained = self.total(self.evaluate), self.total(self.train)
        return measured / (measured + trained) if measured else 0.0

    def total(self, stage: Mapping[str, float]) -> float:
        """Seconds of all runs of a stage."""
        return sum(seconds * self.counts[arm] for arm, seconds in stage.items())


def estimate(study: Study, device: str) -> Estimate:
    """Seconds that each stage of a study would take on `device`, one thread and one process on the CPU.

    With "auto", what gains nothing by a GPU is timed on the CPU, where it will run. Iterations, images and features are
    timed here, on made-up data; what grows with the square of the sample count is timed at 1,000 rows and scaled.
    Analysis, figures and report are not counted: they take minutes at most. Nothing is fetched: a protocol whose
    network is not here is left out, and said to be.
    """
    torch.set_num_threads(1)
    arms = [arm for experiment in study.experiments.values() for arm in experiment.arms]
    measured: dict[tuple[str, Protocol], Taken] = {}
    unknown: dict[str, str] = {}
    for name, protocol in study.measured():
        place = where(device, gains=measures_on_gpu([protocol]))
        try:
            measured[name, protocol] = protocol_seconds(protocol, study.datasets[name], place)
        except UntimedError as reason:
            measured[name, protocol], unknown[protocol.name] = Taken(0.0, 0.0), str(reason)
    runs = list(study.runs())
    return Estimate(
        prepare=sum(prepare_seconds(dataset) for dataset in study.datasets.values()),
        reference=sum(
            taken.whole + taken.extraction * p.rows / p.samples for (_, p), taken in measured.items() if p.samples
        ),
        train={arm: run_seconds(study.run_spec(arm), device) for arm in arms},
        evaluate={arm: _evaluation(study, arm, measured) for arm in arms},
        counts={arm: sum(run.arm == arm for run in runs) for arm in arms},
        unknown=unknown,
    )


def where(device: str, *, gains: bool) -> str:
    """The device that work is done on: for "auto" the CPU, where it gains nothing by a GPU."""
    return "cpu" if device == "auto" and not gains else str(pick_device(device))


def _evaluation(study: Study, arm: str, measured: Mapping[tuple[str, Protocol], Taken]) -> float:
    experiment = study.experiments[study.experiment_of(arm)]
    steps = len(experiment.snapshot_steps)
    of_one = {protocol: taken.whole for (data, protocol), taken in measured.items() if data == experiment.dataset}
    return sum(of_one[protocol] * (steps + protocol.redraws) for protocol in study.protocols_of(arm))


def training_seconds(study: Study, runs: Iterable[RunKey], device: str) -> float:
    """Seconds of training all `runs`, one after the other; each arm is timed once, or was by `vigan doctor`."""
    runs = list(runs)
    specs = {arm: study.run_spec(arm) for arm in dict.fromkeys(run.arm for run in runs)}
    per_run = {arm: _known_run_seconds(spec, device) or run_seconds(spec, device) for arm, spec in specs.items()}
    return sum(per_run[run.arm] for run in runs)


def _known_run_seconds(spec: RunSpec, device: str) -> float | None:
    known = kept_seconds(spec, torch.device(device))
    return known and known * spec.iterations


def run_seconds(spec: RunSpec, device: str) -> float:
    """Seconds of one training run."""
    return iteration_seconds(spec, where(device, gains=trains_on_gpu(spec.arm))) * spec.iterations


def iteration_seconds(spec: RunSpec, device: str) -> float:
    """Shortest of three iterations, as runs are trained on `device` and in the arm's precision.

    Those in which libraries start and a CUDA graph is captured are not counted; on a CPU, where they take little, the
    first is if it takes long.
    """
    place = torch.device(device)
    calculate_in(spec.arm.precision, 1, place)
    shape = (2 * spec.arm.batch_size, *spec.dataset.shape)
    source = BatchSource(spec, _noise(shape), place)
    running = trainer(engine(spec, build(spec.arm, spec.dataset.shape, seed=0).to(place)), place)
    index = iter(range(1000))

    def one() -> float:
        return _seconds(lambda: running.iterate(source.iteration(next(index))), place)

    first = [one() for _ in range(WARM_UP + 2 if isinstance(running, CapturedEngine) else 1)]
    if place.type == "cpu" and sum(first) >= ENOUGH:
        return first[0]
    times: list[float] = []
    while len(times) < 3 and sum(times) < ENOUGH:
        times.append(one())
    return min(times)


def _noise(shape: Sequence[int]) -> np.ndarray:
    """Random images or points of a shape; distinct, as EM's components need a positive variance."""
    draw = np.random.default_rng(0)
    return draw.integers(0, 256, shape, dtype=np.uint8) if len(shape) == 4 else draw.normal(size=shape).astype("f4")


class Taken(NamedTuple):
    """Seconds of measuring a snapshot: of its features, and of what compares them with those of real data."""

    extraction: float
    estimators: float

    @property
    def whole(self) -> float:
        """Both."""
        return self.extraction + self.estimators


def protocol_seconds(protocol: Protocol, dataset: Dataset, device: str) -> Taken:
    """Seconds of measuring one snapshot by a protocol; kinds without an extractor cost next to nothing.

    Raises UntimedError where its network is not here.
    """
    if not protocol.definition.extractor:
        return Taken(0.0, 0.0)
    if missing := missing_weights(protocol.definition.network):
        raise UntimedError(f"its network is not here: `vigan reference` will fetch it, or set {missing.variable}")
    place = torch.device(device)
    draw = np.random.default_rng(0)
    extractor = make_extractor(protocol.definition.network, device)
    images = draw.integers(0, 256, (min(TRIED[place.type], protocol.samples), *dataset.shape), dtype=np.uint8)
    extractor(images[:2])
    extraction = _seconds(lambda: extractor(images), place) * protocol.samples / len(images)
    rows = min(MOST_ROWS, protocol.samples)
    real, fake = draw.normal(size=(2, rows, extractor.dimension))
    reference = Reference.restore(Reference(real).arrays())
    estimators = _seconds(lambda: feature_metrics(reference, fake), place) * protocol.samples * protocol.rows / rows**2
    return Taken(extraction, estimators)


def prepare_seconds(dataset: Dataset) -> float:
    """Seconds of preparing a data set by one process; data sets other than image files count as free."""
    match dataset:
        case CelebA():
            transform = Face(dataset.crop, dataset.side, dataset.resize, SIZE)
            count = min(dataset.count or CELEBA_COUNT, dataset.limit or CELEBA_COUNT)
        case ImageFolder():
            transform = Picture(dataset.side, dataset.channels)
            count = len(images_among(Folder(expanded(dataset.path)).names()))
        case _:
            return 0.0
    data = _photograph()
    return _seconds(lambda: [transform("made up", data) for _ in range(PHOTOGRAPHS)]) / PHOTOGRAPHS * count


def _photograph() -> bytes:
    """A JPEG of CelebA's size with about as much detail as a face."""
    width, height = SIZE
    rows = np.cumsum(np.random.default_rng(0).normal(size=(height, width, 3)), axis=0)
    stream = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(128 + 8 * rows, 0, 255))).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _seconds(call: Callable[[], object], device: torch.device | None = None) -> float:
    start = time.perf_counter()
    call()
    if device is not None and device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def format_estimate(found: Estimate, cores: int) -> str:
    """The estimate as a table: per run, runs, and all of it with `cores` jobs at once."""
    lines = [f"{'stage':<34}{'one run':>14}{'runs':>6}{'together':>16}"]
    for stage, per_run in (("train", found.train), ("evaluate", found.evaluate)):
        for arm, seconds in per_run.items():
            runs = found.counts[arm]
            lines.append(f"{stage + ' ' + arm:<34}{human(seconds):>14}{runs:>6}{human(seconds * runs):>16}")
    for stage, seconds in (("prepare", found.prepare), ("reference", found.reference)):
        lines.append(f"{stage:<34}{'':>20}{human(seconds):>16}")
    total = found.prepare + found.reference + found.total(found.train) + found.total(found.evaluate)
    lines += [f"{'all, one job at a time':<34}{'':>20}{human(total):>16}", _shared(total, found, cores)]
    if found.total(found.evaluate):
        lines.append(f"evaluation is {found.share:.0%} of training and evaluation")
    return "\n".join([*lines, *(f"not counted: {name}: {reason}" for name, reason in found.unknown.items())])


def _shared(total: float, found: Estimate, cores: int) -> str:
    """All of it, side by side: on a GPU runs are measured beside those that train, each kind in slots of its own."""
    if found.at_once:
        count = max(1, min(found.at_once, sum(found.counts.values())))
        seconds = max(found.total(found.train), found.total(found.evaluate)) / count
        told, seconds = f"all, evaluation beside {count} at once", seconds + found.prepare + found.reference
    else:
        at_once = max(1, min(cores, sum(found.counts.values())))
        told, seconds = f"all, {at_once} jobs at once (at best)", total / at_once
    return f"{told:<34}{'':>20}{human(seconds):>16}"
