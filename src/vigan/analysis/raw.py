"""The raw numbers of a study, from which all of its tables and verdicts are derived; stored compressed."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from pydantic import ValidationError

from vigan.analysis import tables
from vigan.io.elsewhere_record import ElsewhereFiles, ElsewhereRecord
from vigan.io.files import RecordError, atomic_write, write_json
from vigan.io.run_record import RunFiles, RunRecord
from vigan.io.run_tables import METRIC_COLUMNS, NOISE_COLUMNS

T = TypeVar("T")
ANEW = "`vigan analyse` writes it anew"


class Raw(NamedTuple):
    """All measurements of a study's runs.

    `logged` holds (arm, column) for every telemetry column of an arm.
    """

    records: list[tuple[str, RunRecord]]
    metrics: pd.DataFrame
    noise: pd.DataFrame
    telemetry: pd.DataFrame
    logged: set[tuple[str, str]]
    floors: pd.DataFrame
    elsewhere: Sequence[tuple[str, ElsewhereRecord]] = ()


def collect(
    runs: Sequence[RunFiles], floors: Sequence[tuple[str, Path]], elsewhere: Sequence[ElsewhereFiles] = ()
) -> Raw:
    """The raw numbers from the files of runs. Raises RecordError naming a file that is missing or malformed."""
    return Raw(
        [(run.experiment, run.record()) for run in runs],
        tables.metric_table(runs, elsewhere),
        tables.noise_table(runs),
        tables.telemetry_table(runs),
        tables.telemetry_columns(runs),
        tables.floor_table(floors),
        [(arm.experiment, arm.record()) for arm in elsewhere],
    )


def write_raw(raw: Raw, folder: Path) -> None:
    """Write `RAW_FILES` into a folder: the same bytes from the same numbers."""
    for name in ("metrics", "noise", "telemetry"):
        _write(folder / f"{name}.csv.gz", getattr(raw, name).to_csv(index=False, lineterminator="\n"))
    lines = [_line(experiment, record) for experiment, record in raw.records]
    lines += [_arm_line(experiment, record) for experiment, record in raw.elsewhere]
    _write(folder / "runs.jsonl.gz", "".join(lines))
    columns: dict[str, list[str]] = {}
    for arm, column in sorted(raw.logged):
        columns.setdefault(arm, []).append(column)
    write_json(folder / "real-data.json", {"floors": raw.floors.to_dict("records"), "telemetry_columns": columns})


def read_raw(folder: Path) -> Raw:
    """The raw numbers of a study. Raises RecordError naming a file that is missing or malformed."""
    records, elsewhere = _read(folder / "runs.jsonl.gz", _records)
    floors, logged = _read(folder / "real-data.json", _real_data)
    metrics, noise, telemetry = (_table(folder / f"{name}.csv.gz", first) for name, first in _FIRST_COLUMNS.items())
    metrics = tables.whole(metrics, ["images", "d_updates", "g_updates"])
    return Raw(records, metrics, noise, telemetry, logged, floors, elsewhere)


_FIRST_COLUMNS = {
    "metrics": ("experiment", *METRIC_COLUMNS), "noise": ("experiment", *NOISE_COLUMNS),
    "telemetry": (*tables.RUN_KEYS, "iteration"),
}  # fmt: skip


def _read(path: Path, parse: Callable[[Path], T]) -> T:
    try:
        return parse(path)
    except FileNotFoundError:
        raise RecordError(
            f"{path}: missing; run `vigan analyse --config STUDY`, or copy {path.parent} from where it was run"
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordError(f"{path}: not the records of a study's runs ({where}: {first['msg']}); {ANEW}") from None
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, zlib.error) as error:
        raise RecordError(f"{path}: damaged, or not the raw numbers of a study ({error}); {ANEW}") from None


def _records(path: Path) -> tuple[list[tuple[str, RunRecord]], list[tuple[str, ElsewhereRecord]]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        lines = [json.loads(line) for line in stream]
    if not lines:
        raise ValueError("no runs")
    apart = [(line["experiment"], _arm(line)) for line in lines if "identity" in line]
    return [(line.pop("experiment"), RunRecord.model_validate(line)) for line in lines if "identity" not in line], apart


def _real_data(path: Path) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    logged = {(arm, column) for arm, columns in kept["telemetry_columns"].items() for column in columns}
    return pd.DataFrame(kept["floors"], columns=["dataset", "protocol", "metric", "value"]), logged


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    table = tables.read_table(path)
    if tuple(table)[: len(columns)] != columns:
        raise RecordError(f"{path}: other columns than it should have; {ANEW}")
    return table


def _line(experiment: str, record: RunRecord) -> str:
    kept = record.model_copy(update={"snapshots_sha256": {}}).model_dump(mode="json")
    return json.dumps({"experiment": experiment, **kept}, sort_keys=True) + "\n"


def _arm(line: dict[str, Any]) -> ElsewhereRecord:
    return ElsewhereRecord.model_validate({name: value for name, value in line.items() if name != "experiment"})


def _arm_line(experiment: str, record: ElsewhereRecord) -> str:
    return json.dumps({"experiment": experiment, **record.model_dump(mode="json")}, sort_keys=True) + "\n"


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as stream:
        stream.write(gzip.compress(text.encode("utf-8"), mtime=0))
