"""Measure every snapshot of one run, in one job: the long table's rows and the samples that figures show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from vigan.catalogue import METRIC_COLUMNS, NOISE_COLUMNS
from vigan.config.arms import Ledger, RunSpec
from vigan.config.experiment import Protocol
from vigan.data.store import load
from vigan.models.build import build
from vigan.records import RecordError, atomic_write, write_text
from vigan.schemas import RunRecord, read_run
from vigan.stages.instruments import Ruler
from vigan.stages.rulers import ruler
from vigan.training.device import calculate_in_float32, pick_device
from vigan.training.latents import evaluation_latents
from vigan.training.snapshots import load_snapshot, sample, snapshot_steps, to_uint8

SHOWN = {3: 64, 1: 1000}
"""Samples kept for figures by the number of axes of an example: a grid of images, a cloud of points."""

Rulers = Mapping[Protocol, Ruler]


def evaluate(
    spec: RunSpec, run: Path, data: Path, references: Mapping[Protocol, Path], device: str, threads: int
) -> pd.DataFrame:
    """Write metrics.csv (`METRIC_COLUMNS`), noise.csv (`NOISE_COLUMNS`) and samples.npz into `run`; return the first.

    Every snapshot is sampled in inference mode on the same latents, the seed's `eval` stream; samples.npz holds steps,
    samples and finite. A snapshot that the run never reached, or whose samples are not finite, has one number,
    `finite` = 0. Raises RecordError if the run was trained under another `spec`, or on other data than lies in `data`.
    """
    calculate_in_float32(threads)
    record, prepared = read_run(run / "run.json", spec), load(data)
    if record.data_sha256 != prepared.fingerprint:
        raise RecordError(f"{run}: trained on other data than {data} holds; train the run again")
    record.check_snapshots(run / "snapshots")
    rulers = {p: ruler(p, spec.dataset, prepared, device, path) for p, path in references.items()}
    sampler = Sampler(record, run / "snapshots", pick_device(device))
    table = _measure_steps(record, rulers, sampler, run / "samples.npz")
    write_text(run / "metrics.csv", table.to_csv(index=False, lineterminator="\n"))
    noise = pd.DataFrame(_measure_again(record, rulers, sampler), columns=list(NOISE_COLUMNS))
    write_text(run / "noise.csv", noise.to_csv(index=False, lineterminator="\n"))
    return table


class Sampler:
    """Draws from the snapshots of one run."""

    def __init__(self, record: RunRecord, folder: Path, device: torch.device) -> None:
        self.spec, self.folder, self.device = record.spec, folder, device
        self.generator = build(self.spec.arm.network, self.spec.dataset.shape, seed=0).generator.to(device)
        self.reached = snapshot_steps(folder)

    def __call__(self, step: int, count: int, draw: int = 0) -> tuple[np.ndarray, bool]:
        """`count` samples of a snapshot as the data set stores them, and whether all are finite; a NaN becomes 0."""
        load_snapshot(self.folder, step, self.generator)
        latents = evaluation_latents(self.spec.seed, count, self.spec.arm.network.latent, draw)
        fakes = sample(self.generator, latents.to(self.device))
        finite = bool(fakes.isfinite().all())
        fakes = fakes if finite else fakes.nan_to_num(0.0, 0.0, 0.0)
        return (to_uint8(fakes) if fakes.ndim == 4 else fakes).cpu().numpy(), finite


def _measure_steps(record: RunRecord, rulers: Rulers, sampler: Sampler, shown: Path) -> pd.DataFrame:
    """The long table of a run; the first samples of every snapshot are kept in `shown`."""
    show = SHOWN[len(record.spec.dataset.shape)]
    count = max(show, *(protocol.samples for protocol in rulers))
    pictures, finites, rows = [], [], []
    for step in sampler.reached:
        samples, finite = sampler(step, count)
        pictures.append(samples[:show])
        finites.append(finite)
        rows += [_row(record, step, *measured) for measured in _measure(rulers, samples, finite)]
    missed = [step for step in record.spec.snapshots if step not in sampler.reached]
    rows += [_row(record, step, "finite", protocol.name, 0.0) for step in missed for protocol in rulers]
    with atomic_write(shown) as stream:
        np.savez_compressed(
            stream, steps=np.array(sampler.reached), samples=np.stack(pictures), finite=np.array(finites)
        )
    return pd.DataFrame(rows, columns=list(METRIC_COLUMNS))


def _measure_again(record: RunRecord, rulers: Rulers, sampler: Sampler) -> Iterator[tuple[object, ...]]:
    """Rows of the last snapshot on further sets of latents, as many as each protocol asks for."""
    spec, last = record.spec, sampler.reached[-1]
    for protocol, measure in rulers.items():
        for draw in range(1, protocol.redraws + 1):
            samples, finite = sampler(last, protocol.samples, draw)
            for metric, value in (measure(samples) if finite else {}).items():
                yield spec.name, spec.arm.reading, spec.seed, last, draw, metric, protocol.name, value


def _measure(rulers: Rulers, samples: np.ndarray, finite: bool) -> Iterator[tuple[str, str, float]]:
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
