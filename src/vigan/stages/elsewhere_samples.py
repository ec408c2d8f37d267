"""Measure the samples of an arm whose runs were made elsewhere, by the study's protocols."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from vigan import rng
from vigan.config.datasets import Dataset
from vigan.config.experiment import Protocol
from vigan.config.study import Study
from vigan.data.load_images import Files, Fitting, Gallery, open_gallery
from vigan.data.store import load
from vigan.elsewhere.files import files_of, place_of
from vigan.elsewhere.fit import Names, fit, name_seeds
from vigan.elsewhere.numbers import Number
from vigan.elsewhere.samples import snapshots
from vigan.evaluation.products import pairs_on
from vigan.evaluation.references import Measurement, measurement
from vigan.io.arrays import read_array
from vigan.io.elsewhere_record import ElsewhereFiles, ElsewhereRecord
from vigan.io.files import RecordError
from vigan.protocols.registry import METRICS
from vigan.stages.elsewhere import place_in, write
from vigan.stages.kept_samples import Run, evenly, keep
from vigan.training.device import calculate_in_float32, pick_device

Measurements = Mapping[Protocol, Measurement]
MOST_KEPT, KEPT_BYTES = {3: 64, 1: 1000}, 2**20
"""Most samples of a snapshot that are kept for pictures, by the number of axes of an example, and most bytes."""
MOST_PICTURED, EACH = 1000, 100
"""Snapshots of an arm that are kept for pictures, unless it has very many seeds, and of a seed."""


def take_samples(
    study: Study, arm: ElsewhereFiles, content: str, data: Path, references: Mapping[Protocol, Path], device: str
) -> ElsewhereRecord:
    """Measure every snapshot's samples, write what was found into the arm's folder, and return its record.

    A snapshot with fewer samples than a protocol takes has no number of it; of more, so many are drawn, always the
    same. Protocols of G itself measure none: nobody here knows which sampler these are of. Some samples are kept for
    pictures. Raises RecordError naming samples that are not of the data's form.
    """
    calculate_in_float32(1)
    dataset, prepared = study.dataset_of(arm.name), load(data, verify=True)
    usual = {protocol: path for protocol, path in references.items() if not protocol.sampler}
    measures = {p: measurement(p, dataset, prepared, device, path) for p, path in usual.items()}
    places = snapshots(place_of(arm.arm), files_of(arm.arm))
    found = {run: path for run, path in places.items() if run[0] in study.seeds_of(arm.name)}
    others = name_seeds(run[0] for run in places.keys() - found.keys())
    if not found:
        raise RecordError(f"arm '{arm.name}': its samples are of {others}, which the study does not name")
    shown, numbers, few = _pictured_steps(study, arm, found), list[Number](), dict[Run, np.ndarray]()
    with pairs_on(pick_device(device)):
        for run, path in found.items():
            samples = SnapshotSamples(path, dataset, prepared.array.dtype)
            numbers += _measured(samples, measures, run)
            if run[1] in shown:
                few[run] = samples.few()
    lacking = {number.place for number in numbers if number.value is None}
    if numbers and all(number.value is None for number in numbers):
        least = min(usual, key=lambda protocol: protocol.samples)
        raise RecordError(
            f"arm '{arm.name}': every protocol takes more samples than its snapshots hold, such as "
            f"{next(iter(found.values()))}; add samples, or ask for fewer than `samples: {least.samples}` (at least "
            f"{least.definition.least})"
        )
    fitted = fit(numbers, Names({name: name for name in METRICS}, None), place_in(study, arm))
    few_told = f"Not measured: {len(lacking)} of {len(found)} snapshots, for a protocol takes more samples."
    apart = f"Not read: {others}, which the study does not name."
    told = (*([few_told] if lacking else []), *([apart] if len(found) < len(places) else []))
    keep(arm, few, dataset, prepared.array.dtype)
    return write(study, arm, content, fitted._replace(told=(*fitted.told, *told)))


def _pictured_steps(study: Study, arm: ElsewhereFiles, found: Iterable[Run]) -> set[int]:
    """Steps whose samples are kept for pictures: those at which trained arms have some, or else evenly spaced ones."""
    experiment = study.experiments[arm.experiment]
    known = sorted({step for _, step in found if step <= experiment.iterations})
    scheduled = [step for step in known if step in experiment.snapshot_steps] if experiment.arms else known
    return set(evenly(scheduled, max(2, min(EACH, MOST_PICTURED // len(study.seeds_of(arm.name))))))


def _measured(samples: SnapshotSamples, measures: Measurements, run: Run) -> Iterator[Number]:
    """The numbers of one snapshot; None by every protocol that takes more samples than there are."""
    path = samples.path
    for protocol, (measure, reals) in measures.items():
        if reals is not None:
            raise RecordError(f"{path}: '{protocol.kind}' measures networks of a run, and there are none; leave it out")
        given = protocol.definition.given(protocol.samples)
        if samples.count < protocol.samples:
            yield from (Number(*run, metric, protocol.name, None, str(path)) for metric in given)
            continue
        for metric, value in measure(samples.take(protocol.samples)).items():
            yield Number(*run, metric, protocol.name, value, str(path))


def _in_sight(path: Path, images: Gallery) -> Gallery:
    """The images of a folder but for hidden files and links, which are not among an arm's files."""
    if not path.is_dir() or not isinstance(images, Files):
        return images
    seen = [row for row, name in enumerate(images.names) if "." not in _starts(name) and not (path / name).is_symlink()]
    if not seen:
        raise RecordError(f"{path}: no image in it; lay samples out as seed-0/step-1000/, or remove the folder")
    return images.take(np.array(seen, dtype=np.intp))


def _starts(name: str) -> set[str]:
    return {part[0] for part in name.split("/")}


class SnapshotSamples:
    """The samples of one snapshot, in the form in which the data set stores its examples."""

    def __init__(self, path: Path, dataset: Dataset, dtype: np.dtype) -> None:
        self.path, self.shape, self.dtype = path, dataset.shape, dtype
        self.images: Gallery | None = None
        if len(self.shape) == 3:
            fitting = Fitting(resize=self.shape[-1]) if path.is_dir() or path.suffix.lower() == ".zip" else Fitting()
            self.images = _in_sight(path, open_gallery(path, fitting))
        else:
            self.points = self._points()
        self.count = len(self.points if self.images is None else self.images)

    def _points(self) -> np.ndarray:
        files = sorted(self.path.iterdir()) if self.path.is_dir() else [self.path]
        if len(files) != 1:
            raise RecordError(f"{self.path}: {len(files)} files; points are one array (n, 2), .npy or .npz")
        points = read_array(files[0], remedy="points are one array (n, 2), .npy or .npz")
        if points.shape[1:] != self.shape or points.dtype.kind != "f" or not np.isfinite(points).all():
            raise RecordError(f"{files[0]}: {points.dtype} of shape {points.shape}; points are finite floats (n, 2)")
        return points

    def take(self, count: int) -> np.ndarray:
        """So many samples, drawn alike whenever they are."""
        rows = np.sort(rng.generator(0, "metric", "fakes").permutation(self.count)[:count])
        if self.images is None:
            return self.points[rows].astype(self.dtype)
        return np.stack([self._image(picture) for picture in self.images.take(rows)[slice(None)]])

    def few(self) -> np.ndarray:
        """Those that are kept for pictures."""
        each = self.dtype.itemsize * math.prod(self.shape)
        return self.take(min(self.count, MOST_KEPT[len(self.shape)], max(1, KEPT_BYTES // each)))

    def _image(self, picture: np.ndarray) -> np.ndarray:
        """One image with as many channels as those of the data set."""
        if len(picture) == 3 and self.shape[0] == 1:
            picture = np.asarray(Image.fromarray(np.moveaxis(picture, 0, 2)).convert("L"))[None]
        if picture.shape != self.shape:
            raise RecordError(f"{self.path}: images of shape {picture.shape}, and those of the data are {self.shape}")
        return picture
