"""The raw numbers of a study, from which all of its tables and verdicts follow: kept with it, compressed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from pydantic import ValidationError

from vigan.analysis import tables
from vigan.io.files import RecordError, atomic_write, read_json, write_json
from vigan.io.run_record import RunFiles, RunRecord


class Raw(NamedTuple):
    """All that was measured of a study's runs.

    `logged` holds (arm, column) of every column that an arm's telemetry has.
    """

    records: list[tuple[str, RunRecord]]
    metrics: pd.DataFrame
    noise: pd.DataFrame
    telemetry: pd.DataFrame
    logged: set[tuple[str, str]]
    floors: pd.DataFrame


def collect(runs: Sequence[RunFiles], floors: Sequence[tuple[str, Path]]) -> Raw:
    """The raw numbers from the files of runs. Raises RecordError naming a file that is missing or malformed."""
    return Raw(
        [(run.experiment, run.record()) for run in runs],
        tables.metric_table(runs),
        tables.noise_table(runs),
        tables.telemetry_table(runs),
        tables.telemetry_columns(runs),
        tables.floor_table(floors),
    )


def write_raw(raw: Raw, folder: Path) -> None:
    """Write `RAW_FILES` into a folder: the same bytes from the same numbers."""
    for name in ("metrics", "noise", "telemetry"):
        _write(folder / f"{name}.csv.gz", getattr(raw, name).to_csv(index=False, lineterminator="\n"))
    _write(folder / "runs.jsonl.gz", "".join(_line(experiment, record) for experiment, record in raw.records))
    columns: dict[str, list[str]] = {}
    for arm, column in sorted(raw.logged):
        columns.setdefault(arm, []).append(column)
    write_json(folder / "real-data.json", {"floors": raw.floors.to_dict("records"), "telemetry_columns": columns})


def read_raw(folder: Path) -> Raw:
    """The raw numbers of a study. Raises RecordError naming a file that is missing or malformed."""
    try:
        with gzip.open(folder / "runs.jsonl.gz", "rt", encoding="utf-8") as stream:
            lines = [json.loads(line) for line in stream]
        records = [(line.pop("experiment"), RunRecord.model_validate(line)) for line in lines]
        other: dict[str, Any] = read_json(folder / "real-data.json")
        logged = {(arm, column) for arm, columns in other["telemetry_columns"].items() for column in columns}
        floors = pd.DataFrame(other["floors"], columns=["dataset", "protocol", "metric", "value"])
    except FileNotFoundError as error:
        raise RecordError(f"{error.filename}: not there: this study's raw numbers are not kept") from None
    except (OSError, EOFError, ValueError, KeyError, AttributeError, ValidationError) as error:
        raise RecordError(f"{folder}: not the raw numbers of a study ({error})") from None
    parts = [tables.read_table(folder / f"{name}.csv.gz") for name in ("metrics", "noise", "telemetry")]
    return Raw(records, parts[0], parts[1], parts[2], logged, floors)


def _line(experiment: str, record: RunRecord) -> str:
    kept = record.model_copy(update={"snapshots_sha256": {}}).model_dump(mode="json")
    return json.dumps({"experiment": experiment, **kept}, sort_keys=True) + "\n"


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as stream:
        stream.write(gzip.compress(text.encode("utf-8"), mtime=0))
