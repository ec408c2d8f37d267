"""Audit: whether a study's tables and verdicts follow from its raw numbers."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pandas as pd

from vigan.analysis.raw import Raw, read_raw
from vigan.config.study import Study
from vigan.contents import OMITTED
from vigan.io.files import RecordError, write_text
from vigan.io.stamp import read_stamp, write_stamp
from vigan.layout import Layout
from vigan.stages.analyse import derive
from vigan.stages.freshness import ANALYSE, check_kept
from vigan.stages.kept_study import check_elsewhere_records, check_records
from vigan.stages.made_from import of_tables

OF_RUNS = (".protocols", ".iterations", ".snapshots", ".log_every")
"""How the names of parts of an experiment end that decide how its runs are made and measured."""


def audit(study: Study, layout: Layout) -> list[str]:
    """Differences between the study's tables and those derived again from its raw numbers; empty if all are equal.

    Raises RecordError naming raw numbers, or a table, that are missing or unreadable, or a run that is not the study's.
    """
    derived = derive(study, _raw(study, layout), layout.first_verdicts)
    return [line for name, text in derived.items() for line in _differences(name, text, layout)]


def write_again(study: Study, layout: Layout) -> None:
    """Write the study's tables from its raw numbers. Raises RecordError where these are not there."""
    for name, text in derive(study, _raw(study, layout), layout.first_verdicts).items():
        write_text(layout.tables / f"{name}.csv", text)
    path = layout.stamp("tables")
    if path.exists():
        today = of_tables(layout)
        of_runs = {k: v for k, v in read_stamp(path, ANALYSE).made_from.items() if _is_of_runs(k) and k in today}
        write_stamp(path, today | of_runs, [*layout.all_tables().values(), *layout.raw_files()])


def _is_of_runs(name: str) -> bool:
    """Whether a part of a stamp tells how runs were made and measured: it stays as it was, for they were not again."""
    return name.startswith(("runs.", "floors.", "datasets.")) or name.endswith(OF_RUNS)


def _raw(study: Study, layout: Layout) -> Raw:
    """The raw numbers of a study.

    Raises RecordError if they are not what was written, where a stamp says what was, or are not the study's.
    """
    check_kept(layout.results, layout.raw_files(), None)
    raw = read_raw(layout.raw)
    check_records(study, (record for _, record in raw.records), layout.raw)
    check_elsewhere_records(study, (record for _, record in raw.elsewhere), layout.raw)
    return raw


def _differences(name: str, text: str, layout: Layout) -> Iterator[str]:
    path = layout.tables / f"{name}.csv"
    try:
        kept = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if name in OMITTED:
            return
        raise RecordError(f"{path}: not there; derive it with `vigan audit --write`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot be read ({error})") from None
    if kept != text:
        yield f"{path}: {_first_difference(kept, text)}"


def _first_difference(kept: str, derived: str) -> str:
    """The first difference of two tables: a column, the number of rows, or a cell."""
    try:
        mine, theirs = (pd.read_csv(StringIO(text), dtype=str, keep_default_na=False) for text in (kept, derived))
    except ValueError:
        return "not a table"
    if list(mine.columns) != list(theirs.columns):
        odd = sorted(set(mine.columns) ^ set(theirs.columns)) or list(mine.columns)
        return f"other columns ({', '.join(odd)})"
    if len(mine) != len(theirs):
        return f"{len(mine)} rows, and {len(theirs)} follow from the raw numbers"
    unlike = mine.ne(theirs)
    if not unlike.to_numpy().any():
        return "the same cells, written otherwise"
    row = int(unlike.any(axis=1).to_numpy().argmax())
    column = str(unlike.columns[unlike.iloc[row].to_numpy().argmax()])
    name = ", ".join(str(mine.iloc[row, place]) for place in range(min(4, mine.shape[1])))
    return (
        f"row {row + 1} ({name}), column '{column}': '{mine.iloc[row][column]}' is kept, "
        f"'{theirs.iloc[row][column]}' follows from the raw numbers; {int(unlike.to_numpy().sum())} cells differ"
    )
