"""Per-run files of a study joined into its tables."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from math import nan
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from vigan.analysis.elsewhere import whole
from vigan.config.arms import Ledger
from vigan.config.elsewhere import READING
from vigan.contents import OMITTED
from vigan.io.elsewhere_record import METRICS, ElsewhereFiles, ElsewhereRecord
from vigan.io.files import RecordError, read_json
from vigan.io.run_record import RunFiles, RunRecord
from vigan.io.run_tables import METRIC_COLUMNS, NOISE_COLUMNS
from vigan.provenance import LIBRARIES

EVALUATE = "evaluate the run again"
NOT_TRAINED = "not trained here"
"""Stands in the place of a device, of a run that was made elsewhere."""
JOULES = {"cpu": "joules_cpu", "gpu": "joules_gpu"}
RUN_KEYS = ["experiment", "arm", "reading", "seed"]
RUN_COLUMNS = [
    *RUN_KEYS, "status", "iterations", *Ledger.model_fields,
    "weights_sha256", "data_sha256", "code_sha256", "config_sha256", "device", "threads",
]  # fmt: skip


TEXT = frozenset(
    {
        "experiment", "arm", "reading", "arms", "first", "second", "dataset", "metric", "protocol", "score", "status",
        "center_of", "event", "cause", "rule", "id", "statement", "place", "test", "verdict", "reason", "unit",
        "boundary", "event_rule", "fates", "first_verdict", "figures", "device", "weights_sha256", "data_sha256",
        "code_sha256", "config_sha256", "network.kind", "optimiser.kind", "d_optimiser.kind", "model.kind", "python",
        "vigan", *LIBRARIES, "trained", "from", "path", "where", "runs", "about", "told",
    }
)  # fmt: skip
"""Columns that hold words, whatever these look like: an arm may be called 1, 1e5, 007 or nan, and 2.10 is a version."""

NUMBERS = frozenset(
    {
        "seed", "step", "images", "d_updates", "g_updates", "value", "draw", "n", "iteration", "iterations", "latents",
        "real_images", "threads", "seconds", "last", "best", "area", "center", "mean", "low", "high", "ci_low",
        "ci_high", "difference", "end", "time", "survival", "incidence", "at_risk", "iqm", "diverged",
    }
)  # fmt: skip
"""Columns that hold numbers, or nothing."""

_NOTHING = {True: [""], False: ["", "nan"]}
"""What stands for no value: among words, and among numbers, of which a diverged run logs some that are none."""


MAKERS = {"telemetry.csv": "vigan train", "metrics.csv": "vigan evaluate", "noise.csv": "vigan evaluate"}
"""The command that makes a table of a run; all others are of a study, which is analysed."""


def read_table(path: Path) -> pd.DataFrame:
    """A CSV table, compressed or not, its columns of the types that `TEXT` and `NUMBERS` say.

    Raises RecordError naming the file if it is missing, not a table, or has a word in a column of numbers.
    """
    maker = _maker(path)
    try:
        nothing = {column: _NOTHING[column in TEXT] for column in pd.read_csv(path, nrows=0).columns}
        table = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False, na_values=nothing)
    except FileNotFoundError:
        raise RecordError(f"{path}: not there yet; `{maker}` makes it") from None
    except (EOFError, ValueError, OverflowError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordError(f"{path}: cannot be read as a table ({error})") from None
    for column in NUMBERS.intersection(table.columns):
        if table[column].notna().any() and not is_numeric_dtype(table[column]):
            raise RecordError(f"{path}: column '{column}' holds what is no number; `{maker}` makes it anew")
    return table


def _maker(path: Path) -> str:
    """The command that makes a table: where a repository leaves it out, from the raw numbers that it keeps."""
    results = path.parent.parent
    if path.stem in OMITTED and path.parent.name == "tables" and (results / "raw").is_dir():
        return f"vigan audit --write {results.name}"
    return MAKERS.get(path.name, "vigan analyse")


Records = Sequence[tuple[str, RunRecord]]
"""(experiment, record) of every run."""


ElsewhereRecords = Sequence[tuple[str, ElsewhereRecord]]
"""(experiment, record) of every arm from elsewhere."""


def run_table(records: Records, elsewhere: ElsewhereRecords = ()) -> pd.DataFrame:
    """One row per run: how it ended, what it cost, the digests of its weights, data and code, its device.

    Of a run from elsewhere, how it ended alone.
    """
    rows = [_run_row(experiment, record) for experiment, record in records]
    rows += [row for experiment, record in elsewhere for row in _elsewhere_rows(experiment, record)]
    return whole(pd.DataFrame(rows, columns=RUN_COLUMNS), [*Ledger.model_fields, "threads"])


def _elsewhere_rows(experiment: str, record: ElsewhereRecord) -> list[dict[str, object]]:
    known = {"experiment": experiment, "arm": record.arm, "reading": READING}
    digests = {"data_sha256": "", "code_sha256": "", "weights_sha256": "", "config_sha256": record.config_sha256}
    return [
        {**known, "seed": run.seed, "status": run.status, "iterations": run.last, **digests, "device": NOT_TRAINED}
        for run in record.runs
    ]


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
    return pd.DataFrame(rows, columns=None if rows else [*RUN_KEYS, "seconds", *JOULES.values()])


def metric_table(runs: Sequence[RunFiles], elsewhere: Sequence[ElsewhereFiles] = ()) -> pd.DataFrame:
    """The long table: one number per row, columns experiment and `METRIC_COLUMNS`.

    Raises RecordError on a file with other columns.
    """
    files = [(run.experiment, run.folder / METRICS, EVALUATE) for run in runs]
    files += [(arm.experiment, arm.folder / METRICS, arm.mend) for arm in elsewhere]
    return whole(_joined(files, METRIC_COLUMNS), ["images", "d_updates", "g_updates"])


def noise_table(runs: Sequence[RunFiles]) -> pd.DataFrame:
    """Last snapshots measured again, columns experiment and `NOISE_COLUMNS`. Raises RecordError on other columns."""
    return _joined([(run.experiment, run.folder / "noise.csv", EVALUATE) for run in runs], NOISE_COLUMNS)


def _joined(files: Sequence[tuple[str, Path, str]], columns: tuple[str, ...]) -> pd.DataFrame:
    """Tables, each with its experiment and what makes it again, one below the other."""
    tables = []
    for experiment, path, mend in files:
        table = read_table(path)
        if tuple(table.columns) != columns:
            raise RecordError(f"{path}: other columns than it should have; {mend}")
        table.insert(0, "experiment", experiment)
        tables.append(table)
    if not tables:
        return pd.DataFrame(columns=["experiment", *columns])
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def telemetry_table(runs: Sequence[RunFiles]) -> pd.DataFrame:
    """Telemetry of all runs, one row per run and logged iteration."""
    tables = []
    for run in runs:
        table = read_table(run.folder / "telemetry.csv")
        key = (run.experiment, run.spec.name, run.spec.arm.reading, run.spec.seed)
        for column, value in zip(reversed(RUN_KEYS), reversed(key), strict=True):
            table.insert(0, column, value)
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*RUN_KEYS, "iteration"])


def telemetry_columns(runs: Sequence[RunFiles]) -> set[tuple[str, str]]:
    """(arm, column) of every column that an arm's telemetry has, read from the arm's first run."""
    first = {run.spec.name: run for run in reversed(runs)}
    tables = ((arm, read_table(run.folder / "telemetry.csv")) for arm, run in first.items())
    return {(arm, str(column)) for arm, table in tables for column in table.columns}


def floor_table(floors: Sequence[tuple[str, Path]]) -> pd.DataFrame:
    """Real-against-real values: one row per (dataset, protocol, metric)."""
    rows = []
    for dataset, file in floors:
        match read_json(file):
            case {"protocol": str(protocol), "floor": dict(floor)} if all(map(_is_number, floor.values())):
                rows += [(dataset, protocol, metric, value) for metric, value in floor.items()]
            case _:
                raise RecordError(f"{file}: not the values of real data; measure them again (`vigan reference`)")
    return pd.DataFrame(rows, columns=["dataset", "protocol", "metric", "value"])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
