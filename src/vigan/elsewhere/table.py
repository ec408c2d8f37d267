"""Long tables, CSV or Parquet, read row by row."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vigan.config.base import nearest
from vigan.config.elsewhere import Column, Table
from vigan.elsewhere.files import MOST_NUMBERS, check_plain
from vigan.elsewhere.numbers import Number, real, short, whole
from vigan.io.files import RecordError

NEEDED: tuple[Column, ...] = ("seed", "step", "metric", "value")
WIDE: tuple[Column, ...] = ("seed", "step")
"""What is needed where each metric has a column of its own."""
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
SHOWN = 4
"""How many of the values that `where` does not pick are named."""
Row = tuple[str, Mapping[str, str]]
"""Where a row stands, and its cells by column."""


def read(path: Path, table: Table) -> Iterator[Number]:
    """The numbers of the rows that the arm picks. Raises RecordError naming the line that is wrong.

    A table without columns of metrics and values is wide where `metrics` names some of its columns: each is a metric.
    """
    check_plain(path)
    columns = {name: table.column(name) for name in (*NEEDED, "protocol")}
    wanted = list(dict.fromkeys([*columns.values(), *table.where, *table.metrics]))
    others: dict[str, None] = {}
    picked = wide = False
    for count, (place, row) in enumerate(rows_of(path, wanted)):
        if count == 0:
            wide = _is_wide(table, row)
            check_columns(path, table, list(row), wide=wide)
        if count >= MOST_NUMBERS:
            raise RecordError(f"{path}: more than {MOST_NUMBERS:,} rows; leave out those that nothing needs")
        if other := next((name for name, value in table.where.items() if row[name].strip() != value.strip()), None):
            if len(others) < SHOWN:
                others[f"{other}: {short(row[other])}"] = None
            continue
        picked = True
        named = [(name, name) for name in table.metrics] if wide else [(row[columns["metric"]], columns["value"])]
        for metric, column in named:
            yield Number(
                seed=whole(row[columns["seed"]], "seed", place),
                step=whole(row[columns["step"]], "step", place),
                metric=metric.strip(),
                protocol=row.get(columns["protocol"], "").strip() or None,
                value=real(row[column], "value", place),
                place=place,
            )
    if not picked:
        raise RecordError(f"{path}: no row is one that `where` picks; there are {', '.join(others)}")


def _is_wide(table: Table, known: Collection[str]) -> bool:
    """Whether each metric has a column of its own."""
    return table.column("metric") not in known and any(name in known for name in table.metrics)


def rows_of(path: Path, columns: Sequence[str] | None = None) -> Iterator[Row]:
    """The rows of a table, of Parquet those of these columns that it has. Raises RecordError naming what is wrong."""
    return parquet_rows(path, columns) if path.suffix.lower() == ".parquet" else csv_rows(path)


def check_columns(path: Path, table: Table, known: Sequence[str], *, wide: bool = False) -> None:
    """Raise RecordError naming a column that the arm needs and the file lacks."""
    needed = (*map(table.column, WIDE if wide else NEEDED), *(table.metrics if wide else ()))
    for column in (*needed, *table.where, *table.columns.values()):
        if column not in known:
            listed = ", ".join(short(name) for name in known[:12])
            hint = nearest(column, known) if len(known) <= 12 else f"; known: {listed}, ..."
            raise RecordError(
                f"{path}: has no column '{short(column)}'{hint}; `columns` beside its path says other names"
            )


def csv_rows(path: Path) -> Iterator[Row]:
    """The rows of a CSV file with a line of names. Raises RecordError naming the line that is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = csv.reader(stream, strict=True)
            names = [name.strip() for name in next(lines, [])]
            _check_names(path, names)
            empty = True
            for cells in lines:
                place = f"{path}, line {lines.line_num}"
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(names):
                    raise RecordError(f"{place}: {len(cells)} cells under {len(names)} names")
                empty = False
                yield place, dict(zip(names, cells, strict=True))
            if empty:
                raise RecordError(f"{path}: has no rows")
    except UnicodeDecodeError:
        raise RecordError(f"{path}: not text in UTF-8; save it as that") from None
    except csv.Error as error:
        raise RecordError(f"{path}: no CSV ({error})") from None


def _check_names(path: Path, names: Sequence[str]) -> None:
    if len(names) <= len(WIDE):
        other = next((name for sign, name in SEPARATORS.items() if any(sign in cell for cell in names)), None)
        hint = f"; cells are separated by commas here, not by {other}: save it so" if other else ""
        raise RecordError(f"{path}: its first line names {len(names)} columns, not seed, step, metric and value{hint}")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise RecordError(f"{path}: column '{short(twice)}' is named twice")


def parquet_rows(path: Path, columns: Sequence[str] | None) -> Iterator[Row]:
    """The rows of a Parquet file, its cells as text, empty where it has no value. Raises RecordError if it is none."""
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise RecordError(f"{path}: reading Parquet takes pyarrow: `pip install pyarrow`, or write a CSV") from None
    try:
        file = parquet.ParquetFile(path)
        known, count = list(file.schema_arrow.names), file.metadata.num_rows
    except Exception as error:  # whatever pyarrow raises at bytes that are no Parquet
        raise RecordError(f"{path}: no Parquet file ({short(str(error))})") from None
    if not count:
        raise RecordError(f"{path}: has no rows")
    if count > MOST_NUMBERS:
        raise RecordError(f"{path}: {count:,} rows, at most {MOST_NUMBERS:,} are read; leave some out")
    wanted, number = known if columns is None else [name for name in columns if name in known], 0
    try:
        for batch in file.iter_batches(columns=wanted):
            for row in batch.to_pylist():
                number += 1
                yield f"{path}, row {number}", {name: _as_text(value) for name, value in row.items()}
    except RecordError:
        raise
    except Exception as error:  # the same, of damaged pages
        raise RecordError(f"{path}: damaged ({short(str(error))})") from None


def _as_text(value: Any) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)
