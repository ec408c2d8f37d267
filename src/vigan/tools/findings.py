"""Findings and evidence, from templates and the tables in the repository; a number not in them is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import jinja2
import pandas as pd

from vigan.analysis.tables import read_table
from vigan.config.load import load_study
from vigan.config.published import load_published
from vigan.io.benchmark_records import newest, of_benchmark
from vigan.io.files import RecordError
from vigan.report.tables import p_value
from vigan.stages.freshness import check_kept
from vigan.tools.verdict_table import begins_with

DIGITS = 3
Row = Mapping[str, Any]


class Alike(NamedTuple):
    """Number of seeds in which some arms ended with bit-identical weights, of the number of seeds they share."""

    same: int
    seeds: int


@dataclass(frozen=True)
class StudyTables:
    """Queries of a template to the tables of one study; "metrics" and "telemetry" are its raw numbers.

    Every query names a table, such as "summary", and conditions, such as arm="ring-plain"; one that finds nothing, or
    more than one row where one is expected, raises RecordError.
    """

    folder: Path

    def has(self, table: str) -> bool:
        """Whether a table has any rows."""
        return not _checked(self.folder / f"{table}.csv").empty

    def rows(self, table: str, **where: object) -> list[Row]:
        """The rows of a table that satisfy all conditions, at least one."""
        return _where(self.folder / f"{table}.csv", where).to_dict("records")  # pyright: ignore[reportReturnType]

    def row(self, table: str, **where: object) -> Row:
        """The one row that satisfies all conditions."""
        found = self.rows(table, **where)
        if len(found) > 1:
            raise RecordError(f"{self.folder / table}.csv: {len(found)} rows with {_format_conditions(where)}, not one")
        return found[0]

    def values(self, table: str, column: str, **where: object) -> list[Any]:
        """The distinct values of a column in these rows, in the table's order."""
        return list(dict.fromkeys(row[column] for row in self.rows(table, **where)))

    def alike(self, *arms: str) -> Alike:
        """In how many of the seeds that all `arms` share their final weights are bit-identical."""
        runs = pd.DataFrame(self.rows("runs"))
        if missing := set(arms) - set(runs["arm"]):
            raise RecordError(f"{self.folder / 'runs.csv'}: no row with arm = {min(missing)}")
        weights = runs[runs["arm"].isin(arms)].pivot(index="seed", columns="arm", values="weights_sha256").dropna()
        return Alike(int((weights.nunique(axis=1) == 1).sum()), len(weights))


class Sources(NamedTuple):
    """Sources of a page: folders of results and of benchmarks' records, the article's claims, published results."""

    results: Path
    records: Path
    paper: Path
    published: Path


def findings(template: Path, sources: Sources) -> str:
    """The page: `template` (Jinja, Markdown; it may import from files beside it) filled from tables.

    It may use `study(NAME)`, the study's `StudyTables`, or nothing if it has none; `benchmark(NAME)`, its newest
    record, or nothing; `claims`, those of the article as the paper study states them; `published`; and the filters of
    `FORMATS`. Raises RecordError naming the table and the conditions of a number that is not there.
    """
    environment = jinja2.Environment(  # noqa: S701 - Markdown, of our own tables
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        loader=jinja2.FileSystemLoader(template.parent),
    )  # fmt: skip
    environment.filters |= FORMATS
    environment.globals |= {
        "study": partial(_study_tables, sources.results),
        "benchmark": partial(_benchmark, sources.records),
        "claims": load_study(sources.paper).claims,
        "published": load_published(sources.published),
    }
    try:
        return environment.get_template(template.name).render()
    except (OSError, UnicodeDecodeError, jinja2.TemplateNotFound) as error:
        raise RecordError(f"{template}: cannot be read ({error})") from None
    except jinja2.TemplateError as error:
        raise RecordError(f"{template}: {error}") from None


def _study_tables(results: Path, name: str) -> StudyTables | None:
    folder = results / name / "tables"
    return StudyTables(folder) if folder.is_dir() else None


def _benchmark(records: Path, name: str) -> Mapping[str, Any] | None:
    return newest(records, name) if of_benchmark(records, name) else None


def _checked(path: Path) -> pd.DataFrame:
    """A table. Raises RecordError where it is not what was written, if a stamp says what was."""
    check_kept(path.parents[1], [path], None)
    return read_table(path)


def _where(path: Path, where: Mapping[str, object]) -> pd.DataFrame:
    raw = path.parent.parent / "raw" / f"{path.name}.gz"
    table = _checked(raw if raw.exists() else path)
    if unknown := where.keys() - set(table.columns):
        raise RecordError(f"{path}: has no column '{min(unknown)}'")
    for column, value in where.items():
        table = table[table[column] == value]
    if table.empty:
        raise RecordError(f"{path}: no row with {_format_conditions(where)}")
    return table


def _format_conditions(where: Mapping[str, object]) -> str:
    return ", ".join(f"{column} = {value}" for column, value in where.items()) or "anything in it"


def short(value: float) -> str:
    """A number with three significant digits and a proper minus. Raises RecordError for one that is missing."""
    if pd.isna(value):
        raise RecordError("a number that the findings name is missing from its table (NaN)")
    return f"{value:.{DIGITS}g}".replace("-", "−")


def count(value: float) -> str:
    """A whole number with its thousands marked. Raises RecordError for one that is missing or not whole."""
    if not float(value).is_integer():
        raise RecordError(f"a number that the findings count is {value}, not whole")
    return f"{int(value):,}"


def mean(row: Row) -> str:
    """Center of a row of estimates with its 95% interval; number of diverged runs.

    The center is the mean, or the median, which is then named. Where seeds are too few for an interval: "(1 to 2)", the
    range.
    """
    lost = f", {count(row['diverged'])} diverged" if row.get("diverged") else ""
    if not row["n"]:
        return f"none{lost}"
    center = f"{'median ' if row['center_of'] == 'median' else ''}{short(row['center'])}"
    if pd.isna(row["ci_low"]):
        return f"{center} ({short(row['low'])} to {short(row['high'])}){lost}"
    return f"{center} [{short(row['ci_low'])}, {short(row['ci_high'])}]{lost}"


def estimate(row: Row) -> str:
    """A claim's estimate with what it counts, its interval and n."""
    return f"{row['unit']}: {short(row['estimate'])} [{short(row['low'])}, {short(row['high'])}], n = {count(row['n'])}"


SIDES = {"supported": "for it", "contradicted": "against it", "equivalent": "for equivalence"}


def deciding_p(row: Row) -> str:
    """The p-value that decided a verdict, or the smallest if none did, with what it is for; "" if not testable.

    Where all are 1 it is for nothing.
    """
    if row["verdict"] in SIDES:
        return p_value(row[f"p_{row['verdict']}"])
    if row["verdict"] == "not testable here":
        return ""
    least = min(SIDES, key=lambda kind: row[f"p_{kind}"])
    if row[f"p_{least}"] >= 1:
        return "1"
    return f"{p_value(row[f'p_{least}'])} ({SIDES[least]})"


def of(rows: Iterable[Row], claim: str) -> list[Row]:
    """The rows of a table of claims that stand for an article's: C5 and C5-last, but not C50."""
    return [row for row in rows if begins_with(str(row["id"]), claim)]


def about(rows: Iterable[Row], word: str) -> list[Row]:
    """The rows of a table of claims whose id has a word in it."""
    return [row for row in rows if word in str(row["id"])]


FORMATS: dict[str, Callable[..., Any]] = {
    "short": short, "count": count, "mean": mean, "estimate": estimate, "p": p_value, "deciding_p": deciding_p,
    "of": of, "about": about, "known": pd.notna, "median": lambda values: median(list(values)),
}  # fmt: skip
"""Filters for templates."""
