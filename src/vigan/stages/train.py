"""Train one run: from a prepared data set to its record, telemetry and snapshots."""

from __future__ import annotations

import csv
import fcntl
import io
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import torch

from vigan import provenance
from vigan.config.arms import Ledger, RunSpec
from vigan.config.base import differing_fields
from vigan.data.store import load
from vigan.io.files import RecordError, read_json, sha256_file, write_json, write_text
from vigan.io.run_record import DEVICE_SEPARATOR, RunRecord
from vigan.training.device import calculate_in, pick_device
from vigan.training.run import Outcome, Run, RunCallback


class Settings(NamedTuple):
    """What decides no weight on one machine: device, threads, seconds between checkpoints, the claims' rules."""

    device: str = "auto"
    threads: int = 1
    save_every: float = 60.0
    rules: Mapping[str, Any] = MappingProxyType({})


def train(
    spec: RunSpec, data: Path, out: Path, state: Path, settings: Settings, callbacks: tuple[RunCallback, ...] = ()
) -> RunRecord:
    """Train `spec` on the data set in `data`; write telemetry.csv, snapshots/ and, last, run.json into `out`.

    Checkpoints live in `state` until the outputs are written; a run that was killed goes on from the newest sound
    one. Raises RecordError if the data set is damaged, if another process trains in `state`, or if `state` belongs
    to another run.
    """
    device = pick_device(settings.device)
    calculate_in(spec.arm.precision, settings.threads, device)
    prepared = load(data, verify=True)
    state.mkdir(parents=True, exist_ok=True)
    with _lock(state / "lock"):
        _claim(state / "spec.json", spec, prepared.fingerprint)
        devices = _devices(state / "devices.json", device)
        run = Run(spec, prepared.array, state, device)
        for reason in run.refused:
            print(f"warning: {reason}", flush=True)
        outcome = run.train(callbacks, settings.save_every)
        record = _record(spec, outcome, prepared.fingerprint, devices, settings, state / "snapshots")
        _publish(record, outcome, state, out)
        _remove(state)
    return record


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            owner = handle.read().strip() or "unknown"
            raise RecordError(
                f"{path.parent}: process {owner} trains this run already; wait for it or stop it"
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def _claim(path: Path, spec: RunSpec, fingerprint: str) -> None:
    """Note whose state this is, or refuse one made under another config, code or data set, naming what differs."""
    code = provenance.stage_digest("train", spec.arm.modules)
    mine = {**spec.model_dump(mode="json"), "code_sha256": code, "data_sha256": fingerprint}
    if path.exists() and (fields := differing_fields(mine, read_json(path))):
        raise RecordError(
            f"{path.parent}: made under another config ({', '.join(fields)} differ); remove it to start anew"
        )
    write_json(path, mine)


def _devices(path: Path, device: torch.device) -> list[str]:
    """Names of the devices on which the run has been trained so far, this one the last; noted in its state."""
    known = read_json(path) if path.exists() else []
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    devices = known if known[-1:] == [name] else [*known, name]
    write_json(path, devices)
    return devices


def _record(
    spec: RunSpec, outcome: Outcome, fingerprint: str, devices: list[str], settings: Settings, snapshots: Path
) -> RunRecord:
    return RunRecord(
        spec=spec,
        status=outcome.status,
        iterations=outcome.iterations,
        ledger=Ledger.of(spec.arm, outcome.iterations),
        weights_sha256=outcome.weights_hash,
        snapshots_sha256={file.name: sha256_file(file) for file in sorted(snapshots.iterdir())},
        data_sha256=fingerprint,
        code_sha256=provenance.stage_digest("train", spec.arm.modules),
        device=DEVICE_SEPARATOR.join(devices),
        threads=settings.threads,
        versions=provenance.versions(),
        seconds=round(outcome.cost.seconds, 3),
        joules={name: round(joules, 1) for name, joules in outcome.cost.joules.items()},
        rules=dict(settings.rules),
    )


def _publish(record: RunRecord, outcome: Outcome, state: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for made_before in ("run.json", "metrics.csv", "noise.csv", "samples.npz"):
        (out / made_before).unlink(missing_ok=True)
    write_text(out / "telemetry.csv", _csv(outcome))
    shutil.rmtree(out / "snapshots", ignore_errors=True)
    shutil.copytree(state / "snapshots", out / "snapshots")
    write_json(out / "run.json", record.model_dump(mode="json"))


def _remove(state: Path) -> None:
    """Remove the state of a run that is done, its seals first: what was half removed must not be gone on with."""
    for seal in state.glob("checkpoint-*.json"):
        seal.unlink()
    shutil.rmtree(state)


def _csv(outcome: Outcome) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(outcome.columns)
    writer.writerows([int(row[0]), *(repr(float(value)) for value in row[1:])] for row in outcome.telemetry)
    return text.getvalue()
