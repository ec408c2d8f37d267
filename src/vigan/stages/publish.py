"""Move the results of a training into place: all are complete and on disk before older ones are removed."""

from __future__ import annotations

import shutil
from pathlib import Path

from vigan.io.durable import copy, make_folder, rename, sync_folder
from vigan.io.files import RecordError, write_json, write_text
from vigan.io.run_record import RunRecord

RECORD, TELEMETRY, SNAPSHOTS = "run.json", "telemetry.csv", "snapshots"
OUTDATED = (RECORD, "measured.json", "metrics.csv", "noise.csv", "samples.npz")
"""What was made of the weights of an earlier training, its record first."""


def publish(record: RunRecord, telemetry: str, snapshots: Path, out: Path) -> None:
    """Write telemetry, the snapshots that the record names and, last, the record itself into `out`.

    So a record always describes the files beside it, even after a power cut. Raises RecordError if a
    snapshot is not the one that the record names.
    """
    whole, old = out / ".new", out / ".old"
    for left in (whole, old):
        shutil.rmtree(left, ignore_errors=True)
    _stage(record, telemetry, snapshots, whole)
    for name in OUTDATED:
        (out / name).unlink(missing_ok=True)
    sync_folder(out)
    if (out / SNAPSHOTS).exists():
        rename(out / SNAPSHOTS, old)
    for name in (SNAPSHOTS, TELEMETRY, RECORD):
        rename(whole / name, out / name)
    for left in (whole, old):
        shutil.rmtree(left, ignore_errors=True)
    sync_folder(out)


def _stage(record: RunRecord, telemetry: str, snapshots: Path, whole: Path) -> None:
    make_folder(whole / SNAPSHOTS)
    for name, digest in record.snapshots_sha256.items():
        if copy(snapshots / name, whole / SNAPSHOTS / name) != digest:
            raise RecordError(f"{snapshots / name}: not what was saved; run the same command again")
    sync_folder(whole / SNAPSHOTS)
    write_text(whole / TELEMETRY, telemetry)
    write_json(whole / RECORD, record.model_dump(mode="json"))


def remove(state: Path) -> None:
    """Remove the state of a finished run; renamed first, so that a half-removed state is never resumed.

    Where a network drive keeps the lock as long as it is held, a folder stays: see `remove_half_removed`.
    """
    rename(state, _done(state))
    remove_half_removed(state)


def remove_half_removed(state: Path) -> None:
    """Remove what is left of a state that is done with, as far as that can be removed."""
    shutil.rmtree(_done(state), ignore_errors=True)


def _done(state: Path) -> Path:
    return state.with_name(f".{state.name}.done")
