"""Measure every snapshot of one run, in one job: the long table's rows and the samples that figures show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from vigan.config.arms import Ledger, RunSpec
from vigan.config.study import Protocol
from vigan.data.store import load
from vigan.metrics.catalogue import METRIC_COLUMNS
from vigan.models.build import build
from vigan.records import RecordError, atomic_write, write_text
from vigan.schemas import RunRecord, read_run
from vigan.stages.rulers import Ruler, ruler
from vigan.training.device import calculate_in_float32, pick_device
from vigan.training.latents import evaluation_latents
from vigan.training.snapshots import load_snapshot, sample, snapshot_steps, to_uint8

SHOWN = {3: 64, 1: 1000}
"""Samples kept for figures by the number of axes of an example: a grid of images, a cloud of points."""


def evaluate(
    spec: RunSpec, run: Path, data: Path, references: Mapping[Protocol, Path], device: str, threads: int
) -> pd.DataFrame:
    """Write metrics.csv (see `METRIC_COLUMNS`) and samples.npz (steps, samples, finite) into `run`; return the table.

    Every snapshot is sampled in inference mode on the same latents, the seed's `eval` stream. A snapshot that the run
    never reached, or whose samples are not finite, has one number, `finite` = 0. Raises RecordError if the run was
    trained under another `spec`, or on other data than lies in `data`.
    """
    calculate_in_float32(threads)
    record, prepared = read_run(run / "run.json", spec), load(data)
    if record.data_sha256 != prepared.fingerprint:
        raise RecordError(f"{run}: trained on other data than {data} holds; train the run again")
    rulers = {p: ruler(p, record.spec.dataset, prepared, device, path) for p, path in references.items()}
    latents = _latents(record, list(references))
    shown, finites, rows = [], [], []
    for step, samples, finite in _snapshots(record, run / "snapshots", latents, pick_device(device)):
        shown.append(samples[: SHOWN[len(spec.dataset.shape)]])
        finites.append(finite)
        rows += [_row(record, step, *measured) for measured in _measure(rulers, samples, finite)]
    reached = snapshot_steps(run / "snapshots")
    missed = [step for step in spec.snapshots if step not in reached]
    rows += [_row(record, step, "finite", protocol.name, 0.0) for step in missed for protocol in references]
    table = pd.DataFrame(rows, columns=list(METRIC_COLUMNS))
    with atomic_write(run / "samples.npz") as stream:
        np.savez_compressed(stream, steps=np.array(reached), samples=np.stack(shown), finite=np.array(finites))
    write_text(run / "metrics.csv", table.to_csv(index=False, lineterminator="\n"))
    return table


def _latents(record: RunRecord, protocols: Sequence[Protocol]) -> torch.Tensor:
    count = max(SHOWN[len(record.spec.dataset.shape)], *(protocol.samples for protocol in protocols))
    return evaluation_latents(record.spec.seed, count, record.spec.arm.network.latent)


def _snapshots(
    record: RunRecord, folder: Path, latents: torch.Tensor, device: torch.device
) -> Iterator[tuple[int, np.ndarray, bool]]:
    """(step, samples as the data set stores them, whether all are finite) of each snapshot; a NaN is shown as 0."""
    generator = build(record.spec.arm.network, record.spec.dataset.shape, seed=0).generator.to(device)
    for step in snapshot_steps(folder):
        load_snapshot(folder, step, generator)
        fakes = sample(generator, latents.to(device))
        finite = bool(fakes.isfinite().all())
        fakes = fakes.nan_to_num(0.0, 0.0, 0.0) if not finite else fakes
        yield step, (to_uint8(fakes) if fakes.ndim == 4 else fakes).cpu().numpy(), finite


def _measure(rulers: Mapping[Protocol, Ruler], samples: np.ndarray, finite: bool) -> Iterator[tuple[str, str, float]]:
    """(metric, protocol, value) of one snapshot; where samples are not finite, `finite` = 0 is the only number."""
    for protocol, measure in rulers.items():
        values = measure(samples[: protocol.samples]) if finite else {}
        yield "finite", protocol.name, float(finite)
        yield from ((metric, protocol.name, value) for metric, value in values.items())


def _row(record: RunRecord, step: int, metric: str, protocol: str, value: float) -> tuple[object, ...]:
    spec = record.spec
    ledger = Ledger.of(spec.arm, step)
    return (
        spec.name, spec.arm.reading, spec.seed, step, ledger.real_images, ledger.d_updates, ledger.g_updates,
        metric, protocol, value, record.status,
    )  # fmt: skip
