"""Per-run files of a study joined into its tables."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from math import nan
from pathlib import Path

import pandas as pd

from vigan.io.files import RecordError, read_json
from vigan.io.run_record import RunFiles, RunRecord
from vigan.io.run_tables import METRIC_COLUMNS, NOISE_COLUMNS

JOULES = {"cpu": "joules_cpu", "gpu": "joules_gpu"}
RUN_KEYS = ["experiment", "arm", "reading", "seed"]


def read_table(path: Path) -> pd.DataFrame:
    """A CSV table, compressed or not. Raises RecordError naming the file if it is missing or not a table."""
    try:
        return pd.read_csv(path)
    except FileNotFoundError:
        raise RecordError(f"{path}: not there yet; run the stage that writes it first") from None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise RecordError(f"{path}: cannot be read as a table ({error})") from None


Records = Sequence[tuple[str, RunRecord]]
"""(experiment, record) of every run."""


def run_table(records: Records) -> pd.DataFrame:
    """One row per run: how it ended, what it cost, the digests of its weights, data and code, its device."""
    return pd.DataFrame([_run_row(experiment, record) for experiment, record in records])


def _run_row(experiment: str, record: RunRecord) -> dict[str, object]:
    spec = record.spec
    return {
        "experiment": experiment,
        "arm": spec.name,
        "reading": spec.arm.reading,
        "seed": spec.seed,
        "status": record.status,
        "iterations": record.iterations,
        **record.ledger.model_dump(),
        "weights_sha256": record.weights_sha256,
        "data_sha256": record.data_sha256,
        "code_sha256": record.code_sha256,
        "config_sha256": spec.digest,
        "device": record.device,
        "threads": record.threads,
    }


def timing_table(records: Records) -> pd.DataFrame:
    """One row per run: seconds and joules (NaN: not counted) of training and library versions; machines differ."""
    rows = []
    for experiment, record in records:
        key = {"arm": record.spec.name, "reading": record.spec.arm.reading, "seed": record.spec.seed}
        joules = {column: record.joules.get(of, nan) for of, column in JOULES.items()}
        rows.append({"experiment": experiment, **key, "seconds": record.seconds, **joules, **record.versions})
    return pd.DataFrame(rows)


def metric_table(runs: Sequence[RunFiles]) -> pd.DataFrame:
    """The long table: one number per row, columns experiment and `METRIC_COLUMNS`.

    Raises RecordError on a file with other columns.
    """
    return _joined(runs, "metrics.csv", METRIC_COLUMNS)


def noise_table(runs: Sequence[RunFiles]) -> pd.DataFrame:
    """Last snapshots measured again, columns experiment and `NOISE_COLUMNS`. Raises RecordError on other columns."""
    return _joined(runs, "noise.csv", NOISE_COLUMNS)


def _joined(runs: Sequence[RunFiles], name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    tables = []
    for run in runs:
        table = read_table(run.folder / name)
        if tuple(table.columns) != columns:
            raise RecordError(f"{run.folder / name}: not the columns it should have; evaluate the run again")
        table.insert(0, "experiment", run.experiment)
        tables.append(table)
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def telemetry_table(runs: Sequence[RunFiles]) -> pd.DataFrame:
    """Telemetry of all runs, one row per run and logged iteration."""
    tables = []
    for run in runs:
        record = run.record()
        table = read_table(run.folder / "telemetry.csv")
        key = (run.experiment, record.spec.name, record.spec.arm.reading, record.spec.seed)
        for column, value in zip(reversed(RUN_KEYS), reversed(key), strict=True):
            table.insert(0, column, value)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def telemetry_columns(runs: Sequence[RunFiles]) -> set[tuple[str, str]]:
    """(arm, column) of every column that an arm's telemetry has, read from the arm's first run."""
    first = {run.spec.name: run for run in reversed(runs)}
    tables = ((arm, read_table(run.folder / "telemetry.csv")) for arm, run in first.items())
    return {(arm, str(column)) for arm, table in tables for column in table.columns}


def floor_table(floors: Sequence[tuple[str, Path]]) -> pd.DataFrame:
    """Real-against-real values: one row per (dataset, protocol, metric)."""
    rows = []
    for dataset, file in floors:
        record = read_json(file)
        rows += [(dataset, record["protocol"], metric, value) for metric, value in record["floor"].items()]
    return pd.DataFrame(rows, columns=["dataset", "protocol", "metric", "value"])
