"""Measure every snapshot of one run: rows of the long table, and samples for figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from vigan.config.arms import Ledger, RunSpec
from vigan.config.experiment import Protocol
from vigan.data.store import load
from vigan.evaluation.code import protocol_code, protocol_versions
from vigan.evaluation.origin import of_measurement, reference_identity
from vigan.evaluation.products import pairs_on
from vigan.evaluation.references import Measurement, made_from, measurement
from vigan.io.files import RecordError, atomic_write, write_text
from vigan.io.run_record import MEASURED, RunRecord, read_run, train_again
from vigan.io.run_tables import METRIC_COLUMNS, NOISE_COLUMNS
from vigan.io.stamp import write_stamp
from vigan.stages.sampler import Sampler
from vigan.training.device import calculate_in_float32, pick_device

SHOWN = {3: 64, 1: 1000}
"""Number of samples saved for figures, by the number of axes of an example: images, points."""

AT_ONCE = 8
"""Most snapshots measured concurrently: with 10,000 samples each takes up to 1 GB of memory."""

Measurements = Mapping[Protocol, Measurement]
Map = Callable[[Callable, list], Iterator]
"""A function like the built-in `map`."""


def evaluate(
    spec: RunSpec, run: Path, data: Path, references: Mapping[Protocol, Path], device: str, threads: int
) -> pd.DataFrame:
    """Write metrics.csv (`METRIC_COLUMNS`), noise.csv (`NOISE_COLUMNS`) and samples.npz into `run`; return the first.

    Written last, measured.json says what they were measured from.

    Every snapshot is sampled in inference mode on the same latents, the seed's `eval` stream; samples.npz holds steps,
    samples and finite. `threads` snapshots (8 at most) are measured concurrently, each by one thread, which affects no
    number. A snapshot that the run never reached, or whose samples are not finite, has one number,
    `finite` = 0. Raises RecordError if the run was trained under another `spec`, or on data other than those in `data`.
    """
    code = protocol_code("evaluate", references)  # of what measures: its files may be edited meanwhile
    record, prepared = read_run(run / "run.json", spec), load(data, verify=True)
    if record.data_sha256 != prepared.fingerprint:
        raise RecordError(f"{run}: trained on other data than {data} holds; {train_again(spec)}")
    record.check_snapshots(run / "snapshots")
    protocols = {p: measurement(p, spec.dataset, prepared, device, path) for p, path in references.items()}
    sampler = Sampler(record, run / "snapshots", pick_device(device))
    with pairs_on(sampler.device), _at_once(min(threads, AT_ONCE)) as each:
        table = _measure_steps(record, protocols, sampler, run / "samples.npz", each)
        write_text(run / "metrics.csv", table.to_csv(index=False, lineterminator="\n"))
        noise = pd.DataFrame(_measure_again(record, protocols, sampler, each), columns=list(NOISE_COLUMNS))
    write_text(run / "noise.csv", noise.to_csv(index=False, lineterminator="\n"))
    of_real_data = {
        protocol.name: reference_identity({**made_from(protocol, prepared), "versions": protocol_versions(protocol)})
        for protocol in references
    }
    measured_from = of_measurement(record, list(references), of_real_data, code)
    write_stamp(run / MEASURED, measured_from, [run / name for name in ("metrics.csv", "noise.csv", "samples.npz")])
    return table


@contextmanager
def _at_once(threads: int) -> Iterator[Map]:
    """A `map` that works on `threads` items at a time, in float32 and each item on one thread."""
    calculate_in_float32(1)
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        try:
            yield map if threads == 1 else pool.map
        finally:
            pool.shutdown(cancel_futures=True)


def _measure_steps(
    record: RunRecord, protocols: Measurements, sampler: Sampler, shown: Path, each: Map
) -> pd.DataFrame:
    """The long table of a run; the first samples of every snapshot are saved in `shown`."""
    show = SHOWN[len(record.spec.dataset.shape)]
    usual, of_trained = ({p: m for p, m in protocols.items() if bool(p.sampler) == own} for own in (False, True))
    count = max([show, *_samples(usual)])

    alike = {sampler.measured_as(protocol): protocol.name for protocol in usual}
    same = {p.name: alike[as_one] for p in of_trained if (as_one := sampler.measured_as(p)) in alike}
    of_g = {protocol: measure for protocol, measure in of_trained.items() if protocol.name not in same}

    def measured(step: int) -> tuple[np.ndarray, bool, list[tuple[object, ...]]]:
        samples, finite = sampler(step, count)
        found = list(_measure(usual, sampler, step, (samples, finite)))
        if of_g:
            found += _measure(of_g, sampler, step, sampler(step, max(_samples(of_g)), trained=True))
        found += [(metric, name, value) for name, other in same.items() for metric, own, value in found if own == other]
        return samples[:show].copy(), finite, [_row(record, step, *one) for one in found]

    pictures, finites, tables = zip(*each(measured, sampler.reached), strict=True)
    missed = [step for step in record.spec.snapshots if step not in sampler.reached]
    rows = [row for table in tables for row in table]
    rows += [_row(record, step, "finite", protocol.name, 0.0) for step in missed for protocol in protocols]
    with atomic_write(shown) as stream:
        np.savez_compressed(
            stream, steps=np.array(sampler.reached), samples=np.stack(pictures), finite=np.array(finites)
        )
    return pd.DataFrame(rows, columns=list(METRIC_COLUMNS))


def _samples(protocols: Measurements) -> list[int]:
    """Numbers of samples that protocols take."""
    return [protocol.samples for protocol in protocols if protocol.definition.input == "samples"]


def _measure_again(
    record: RunRecord, protocols: Measurements, sampler: Sampler, each: Map
) -> Iterator[tuple[object, ...]]:
    """Rows of the last snapshot on further sets of latents, as many as each protocol asks for."""
    spec, last = record.spec, sampler.reached[-1]

    redraws = [(protocol, draw) for protocol in protocols for draw in range(1, protocol.redraws + 1)]
    alike = {(sampler.measured_as(protocol), draw): protocol for protocol, draw in reversed(redraws)}

    def measured(again: tuple[tuple[Protocol, int], Protocol]) -> dict[str, float]:
        (drawn, draw), protocol = again
        samples, finite = sampler(last, drawn.samples, draw, trained=bool(drawn.sampler))
        return protocols[protocol].measure(samples) if finite else {}

    found = dict(zip(alike, each(measured, list(alike.items())), strict=True))
    for protocol, draw in redraws:
        for metric, value in found[sampler.measured_as(protocol), draw].items():
            yield spec.name, spec.arm.reading, spec.seed, last, draw, metric, protocol.name, value


def _measure(
    protocols: Measurements, sampler: Sampler, step: int, sampled: tuple[np.ndarray, bool]
) -> Iterator[tuple[str, str, float]]:
    """(metric, protocol, value) of one snapshot; where samples are not finite, `finite` = 0 is the only number."""
    for protocol, (measure, reals) in protocols.items():
        of_reals = sampler.judged if protocol.definition.input == "judged" else sampler.decoded
        examples, finite = sampled if reals is None else of_reals(step, reals)
        values = measure(examples[: protocol.samples] if reals is None else examples) if finite else {}
        yield "finite", protocol.name, float(finite)
        yield from ((metric, protocol.name, value) for metric, value in values.items())


def _row(record: RunRecord, step: int, metric: str, protocol: str, value: float) -> tuple[object, ...]:
    spec = record.spec
    ledger = Ledger.of(spec.arm, step)
    return (
        spec.name, spec.arm.reading, spec.seed, step, ledger.real_images, ledger.d_updates, ledger.g_updates,
        metric, protocol, value, record.status,
    )  # fmt: skip
