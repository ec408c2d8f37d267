"""Measure the samples of an arm whose runs were made elsewhere, by the study's protocols."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from vigan.config.experiment import Protocol
from vigan.config.study import Study
from vigan.data.store import load
from vigan.elsewhere.files import files_of, place_of
from vigan.elsewhere.fit import Names, fit, name_seeds
from vigan.elsewhere.numbers import Number
from vigan.elsewhere.samples import snapshots
from vigan.evaluation.products import pairs_on
from vigan.evaluation.references import Measurement, measurement
from vigan.io.elsewhere_record import ElsewhereFiles, ElsewhereRecord
from vigan.io.files import RecordError
from vigan.protocols.registry import METRICS
from vigan.stages.elsewhere import place_in, write
from vigan.stages.kept_samples import Run, evenly, keep
from vigan.stages.snapshot_samples import SnapshotSamples
from vigan.training.device import calculate_in_float32, pick_device

Measurements = Mapping[Protocol, Measurement]
SHOWN = 4
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
    side = dataset.shape[-1]
    usual = {protocol: path for protocol, path in references.items() if not protocol.sampler}
    measures = {p: measurement(p, dataset, prepared, device, path) for p, path in usual.items()}
    sizes = set[tuple[int, int]]()
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
            sizes |= samples.resized
    lacking = {number.place for number in numbers if number.value is None}
    if numbers and all(number.value is None for number in numbers):
        least = min(usual, key=lambda protocol: protocol.samples)
        raise RecordError(
            f"arm '{arm.name}': every protocol takes more samples than its snapshots hold, such as "
            f"{next(iter(found.values()))}; add samples, or ask for fewer than `samples: {least.samples}` (at least "
            f"{least.definition.least})"
        )
    fitted = fit(numbers, Names({name: name for name in METRICS}, None), place_in(study, arm))
    told = {
        f"Not measured: {len(lacking)} of {len(found)} snapshots, for a protocol takes more samples.": lacking,
        f"Not read: {others}, which the study does not name.": len(found) < len(places),
        f"Fitted: samples of {_listed(sizes)} pixels, of which the middle square became {side}x{side}.": sizes,
    }
    keep(arm, few, dataset, prepared.array.dtype)
    return write(
        study, arm, content, fitted._replace(told=(*fitted.told, *(line for line, holds in told.items() if holds)))
    )


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


def _listed(sizes: Collection[tuple[int, int]]) -> str:
    """Widths and heights in words."""
    listed = ", ".join(f"{width}x{height}" for width, height in sorted(sizes)[:SHOWN])
    return listed + (f" and {len(sizes) - SHOWN} other sizes" if len(sizes) > SHOWN else "")
