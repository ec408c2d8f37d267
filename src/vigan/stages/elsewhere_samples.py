"""Measure the samples of an arm whose runs were made elsewhere, by the study's protocols."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from vigan import rng
from vigan.config.datasets import Dataset
from vigan.config.experiment import Protocol
from vigan.config.study import Study
from vigan.data.load_images import Fitting, Gallery, open_gallery
from vigan.data.store import Prepared, load
from vigan.elsewhere.files import files_of, place_of
from vigan.elsewhere.fit import Names, fit
from vigan.elsewhere.numbers import Number
from vigan.elsewhere.samples import snapshots
from vigan.evaluation.products import pairs_on
from vigan.evaluation.references import Measurement, measurement
from vigan.io.arrays import read_array
from vigan.io.elsewhere_record import ElsewhereFiles, ElsewhereRecord
from vigan.io.files import RecordError
from vigan.protocols.registry import METRICS
from vigan.stages.elsewhere import place_in, write
from vigan.training.device import calculate_in_float32, pick_device

Measurements = Mapping[Protocol, Measurement]


def take_samples(
    study: Study, arm: ElsewhereFiles, content: str, data: Path, references: Mapping[Protocol, Path], device: str
) -> ElsewhereRecord:
    """Measure every snapshot's samples, write what was found into the arm's folder, and return its record.

    A snapshot with fewer samples than a protocol takes has no number of it; of more, so many are drawn, always the
    same. Raises RecordError naming samples that are not of the data's form.
    """
    calculate_in_float32(1)
    dataset, prepared = study.dataset_of(arm.name), load(data, verify=True)
    measures = {p: measurement(p, dataset, prepared, device, path) for p, path in references.items()}
    found = snapshots(place_of(arm.arm), files_of(arm.arm))
    with pairs_on(pick_device(device)):
        numbers = [
            number
            for (seed, step), path in found.items()
            if seed in study.seeds_of(arm.name)
            for number in _measured(path, dataset, prepared, measures, (seed, step))
        ]
    fitted = fit(numbers, Names({name: name for name in METRICS}, None), place_in(study, arm))
    few = [number.place for number in numbers if number.value is None]
    told = (
        (f"Not measured: {len(set(few))} of {len(found)} snapshots, for a protocol takes more samples.",) if few else ()
    )
    return write(study, arm, content, fitted._replace(told=(*fitted.told, *told)))


def _measured(
    path: Path, dataset: Dataset, prepared: Prepared, measures: Measurements, run: tuple[int, int]
) -> Iterator[Number]:
    """The numbers of one snapshot; None by every protocol that takes more samples than there are."""
    samples = SnapshotSamples(path, dataset, prepared.array.dtype)
    for protocol, (measure, reals) in measures.items():
        if reals is not None:
            raise RecordError(f"{path}: '{protocol.kind}' decodes codes, and nothing here can; leave it out")
        given = protocol.definition.given(protocol.samples)
        if samples.count < protocol.samples:
            yield from (Number(*run, metric, protocol.name, None, str(path)) for metric in given)
            continue
        for metric, value in measure(samples.take(protocol.samples)).items():
            yield Number(*run, metric, protocol.name, value, str(path))


class SnapshotSamples:
    """The samples of one snapshot, in the form in which the data set stores its examples."""

    def __init__(self, path: Path, dataset: Dataset, dtype: np.dtype) -> None:
        self.path, self.shape, self.dtype = path, dataset.shape, dtype
        self.images: Gallery | None = None
        if len(self.shape) == 3:
            fitting = Fitting(resize=self.shape[-1]) if path.is_dir() or path.suffix.lower() == ".zip" else Fitting()
            self.images = open_gallery(path, fitting)
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

    def _image(self, picture: np.ndarray) -> np.ndarray:
        """One image with as many channels as those of the data set."""
        if len(picture) == 3 and self.shape[0] == 1:
            picture = np.asarray(Image.fromarray(np.moveaxis(picture, 0, 2)).convert("L"))[None]
        if picture.shape != self.shape:
            raise RecordError(f"{self.path}: images of shape {picture.shape}, and those of the data are {self.shape}")
        return picture
