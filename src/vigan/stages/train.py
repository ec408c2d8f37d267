"""Train one run: from a prepared data set to its record, telemetry and snapshots."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from vigan import provenance
from vigan.config.arms import Ledger, RunSpec
from vigan.config.base import differing_fields, digest_of
from vigan.data.store import load
from vigan.errors import say
from vigan.io.files import RecordError, read_json, write_json
from vigan.io.locks import owned
from vigan.io.run_record import SEPARATOR, RunRecord
from vigan.io.stamp import sealed, unsealed
from vigan.stages.publish import publish, remove, remove_half_removed
from vigan.training.checkpoint import SNAPSHOTS
from vigan.training.device import calculate_in, pick_device
from vigan.training.run import Outcome, Run, RunCallback


class Settings(NamedTuple):
    """Settings that affect no weight on one machine: device, threads, seconds between checkpoints, claims' rules.

    `logs` is the folder to which callbacks write, which is emptied where a run begins anew.
    """

    device: str = "auto"
    threads: int = 1
    save_every: float = 60.0
    rules: Mapping[str, Any] = MappingProxyType({})
    logs: Path | None = None


class Origin(NamedTuple):
    """What weights are made from, besides their spec: digests of code and data.

    Taken before the training: files of code may be edited until it ends.
    """

    code_sha256: str
    data_sha256: str


def train(
    spec: RunSpec, data: Path, out: Path, state: Path, settings: Settings, callbacks: tuple[RunCallback, ...] = ()
) -> RunRecord:
    """Train `spec` on the data set in `data`; write telemetry.csv, snapshots/ and, last, run.json into `out`.

    Checkpoints are in `state` until the outputs are written; a run that was killed resumes from the newest valid
    one. Raises RecordError if the data set is damaged or if `state` belongs to another run, InUseError if another
    process trains in `state`.
    """
    code, versions = provenance.stage_digest("train", spec.arm.modules), provenance.versions()
    device = pick_device(settings.device)
    calculate_in(spec.arm.precision, settings.threads, device)
    prepared = load(data, verify=True)
    with owned(state / "lock", state, "trains this run already", "start no second trainer of it"):
        remove_half_removed(state)
        origin = Origin(code, prepared.fingerprint)
        run = Run(spec, prepared.array, state, device, _claim(state / "spec.json", spec, origin))
        if not run.iteration:
            (state / BEGUN).unlink(missing_ok=True)  # of a training of which nothing is left
        begun = _begun(state / BEGUN, versions, settings)
        for reason in run.refused:
            say(f"warning: {reason}")
        if run.iteration:
            say(f"{spec.name} seed {spec.seed} resumes after iteration {run.iteration}")
        elif settings.logs:
            shutil.rmtree(settings.logs, ignore_errors=True)  # left by an earlier training of this run
        outcome = run.train(callbacks, settings.save_every)
        record = _record(spec, outcome, origin, begun)
        publish(record, _csv(outcome), state / SNAPSHOTS, out)
        remove(state)
    remove_half_removed(state)
    return record


def _claim(path: Path, spec: RunSpec, origin: Origin) -> str:
    """Write the owner of this state and return its digest; refuse a state of another config, code or data set."""
    mine = spec.model_dump(mode="json") | {"code_sha256": origin.code_sha256, "data_sha256": origin.data_sha256}
    if path.exists() and (fields := differing_fields(mine, read_json(path))):
        raise RecordError(
            f"{path.parent}: made under another config ({', '.join(fields)} differ); remove it to start anew"
        )
    write_json(path, mine)
    return digest_of(mine)


BEGUN = "begun.json"


class Begun(NamedTuple):
    """What a record says of the whole training, however often it was resumed.

    Versions of libraries, each that it had one after the other; threads, now; the claims' rules when it was begun.
    """

    versions: dict[str, str]
    threads: int
    rules: dict[str, Any]


def _begun(path: Path, versions: dict[str, str], settings: Settings) -> Begun:
    """What is known since the training was begun, kept in `path`. Prints a line where it goes on otherwise."""
    before = _read_begun(path) if path.exists() else Begun(versions, settings.threads, dict(settings.rules))
    names = dict.fromkeys([*before.versions, *versions])
    now = Begun(
        {name: _then(before.versions.get(name), versions.get(name)) for name in names}, settings.threads, before.rules
    )
    if before.threads != now.threads:
        say(f"warning: {path.parent}: begun with {before.threads} threads, resumed with {now.threads}")
    write_json(path, sealed(now._asdict()))
    return now


def _read_begun(path: Path) -> Begun:
    try:
        return Begun(**unsealed(read_json(path)))
    except (ValueError, TypeError):
        raise RecordError(
            f"{path}: damaged; remove it, and the record will speak of the training from here on only"
        ) from None


def _then(before: str | None, now: str | None) -> str:
    """Both, in their order, where they differ."""
    if before is None or now is None:
        return before or now or ""
    return before if before.split(SEPARATOR)[-1] == now else f"{before}{SEPARATOR}{now}"


def _record(spec: RunSpec, outcome: Outcome, origin: Origin, begun: Begun) -> RunRecord:
    return RunRecord(
        spec=spec,
        status=outcome.status,
        iterations=outcome.iterations,
        ledger=Ledger.of(spec.arm, outcome.iterations),
        weights_sha256=outcome.weights_hash,
        snapshots_sha256=dict(sorted(outcome.snapshots.items())),
        data_sha256=origin.data_sha256,
        code_sha256=origin.code_sha256,
        device=SEPARATOR.join(outcome.devices),
        threads=begun.threads,
        versions=begun.versions,
        seconds=round(outcome.cost.seconds, 3),
        joules={name: round(joules, 1) for name, joules in outcome.cost.joules.items()},
        rules=begun.rules,
        telemetry_sha256=hashlib.sha256(_csv(outcome).encode()).hexdigest(),
    )


def _csv(outcome: Outcome) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(outcome.columns)
    writer.writerows([int(row[0]), *(repr(float(value)) for value in row[1:])] for row in outcome.telemetry)
    return text.getvalue()
