"""The page of findings, from a template and the kept tables: a number that is not in them is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pandas as pd

from vigan.analysis.tables import read_table
from vigan.config.load import load_study
from vigan.config.published import load_published
from vigan.io.files import RecordError
from vigan.report.tables import p_value

DIGITS = 3
Row = Mapping[str, Any]


class Alike(NamedTuple):
    """In how many seeds some arms ended with the same weights, bit for bit, of how many that they share."""

    same: int
    seeds: int


@dataclass(frozen=True)
class StudyTables:
    """The kept tables of one study, as a template asks for them; "metrics" and "telemetry" are its raw numbers.

    Every question names a table, such as "summary", and conditions, such as arm="ring-plain"; one that finds nothing,
    or more than one row where one is meant, raises RecordError.
    """

    folder: Path

    def has(self, table: str) -> bool:
        """Whether a table has any rows."""
        return not read_table(self.folder / f"{table}.csv").empty

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
        """In how many of the seeds that all `arms` have their final weights are the same bits."""
        runs = pd.DataFrame(self.rows("runs"))
        if missing := set(arms) - set(runs["arm"]):
            raise RecordError(f"{self.folder / 'runs.csv'}: no row with arm = {min(missing)}")
        weights = runs[runs["arm"].isin(arms)].pivot(index="seed", columns="arm", values="weights_sha256").dropna()
        return Alike(int((weights.nunique(axis=1) == 1).sum()), len(weights))


class Sources(NamedTuple):
    """Where the page's numbers are: the folder of all results, the study that states the article's claims, anchors."""

    results: Path
    paper: Path
    published: Path


def findings(template: Path, sources: Sources) -> str:
    """The page: `template` (Jinja, Markdown) filled from tables.

    It may use `study(NAME)`, the study's `StudyTables`, or nothing if it has none; `claims`, those of the article as
    the paper study states them; `published`; and the filters of `FORMATS`. Raises RecordError naming the table and the
    conditions of a number that is not there.
    """
    environment = jinja2.Environment(  # noqa: S701 - Markdown, of our own tables
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= FORMATS
    try:
        return environment.from_string(template.read_text(encoding="utf-8")).render(
            study=partial(_study_tables, sources.results),
            claims=load_study(sources.paper).claims,
            published=load_published(sources.published),
        )
    except OSError as error:
        raise RecordError(f"{template}: cannot be read ({error})") from None
    except jinja2.TemplateError as error:
        raise RecordError(f"{template}: {error}") from None


MARKS = "<!-- verdicts: written by `vigan findings` -->", "<!-- end of verdicts -->"
"""Between these a page has the table of verdicts."""

TITLES = {
    "C1": "with BN and without the term, training collapses",
    "C2": "with the term it stays stable; the term makes the difference",
    "C3": "without BN and without the term, training is slow",
    "C4": "without BN, the term makes it faster",
    "C5": "too many updates of G destabilise; with the term they do not; D may be trained freely",
    "C6": "the loss derived for ALI is perhaps slightly better than the usual two",
    "D": "derived, not claimed: the term acts where G is updated more than once against one D",
    "R": "not of the article: five other ways of keeping G's steps small, untuned, are better than nothing",
}
"""The article's claims, and those that follow from its derivation, by the beginning of their ids."""


def with_verdicts(page: str, results: Path) -> str:
    """The page with the table of verdicts of all kept studies between `MARKS`. Raises RecordError without the marks."""
    begin, end = MARKS
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise RecordError(f"no place for the table of verdicts: write the lines '{begin}' and '{end}'")
    return f"{before}{begin}\n{verdict_table(results)}{end}{after}"


def verdict_table(results: Path) -> str:
    """One row a claim of the article: what each kept study says of it, with the number of its rules and of runs."""
    lines = ["| the article says | verdicts so far (rules; seeds) |", "|---|---|"]
    studies = {
        folder.name: tables for folder in sorted(results.iterdir()) if (tables := _study_tables(results, folder.name))
    }
    for beginning, words in TITLES.items():
        parts = [text for name, tables in studies.items() if (text := _verdicts_in(name, tables, beginning))]
        lines.append(f"| {beginning}: {words} | {'<br>'.join(parts) or 'not tested yet'} |")
    return "\n".join(lines) + "\n"


def _verdicts_in(name: str, tables: StudyTables, beginning: str) -> str:
    """What one study says: "`digits`: 2 not testable here (n = 10)"."""
    rows = of(tables.rows("claims"), beginning) if tables.has("claims") else []
    tested = [row for row in rows if row["verdict"] != "not tested"]
    if not tested:
        return ""
    numbers, counts = [row["n"] for row in tested], dict[str, int]()
    for row in tested:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
    seeds = " to ".join(count(n) for n in sorted({min(numbers), max(numbers)}))
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    return f"`{name}`: {verdicts} (n = {seeds})"


def _study_tables(results: Path, name: str) -> StudyTables | None:
    folder = results / name / "tables"
    return StudyTables(folder) if folder.is_dir() else None


def _where(path: Path, where: Mapping[str, object]) -> pd.DataFrame:
    raw = path.parent.parent / "raw" / f"{path.name}.gz"
    table = read_table(raw if raw.exists() else path)
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
    """Center of a row of estimates with its 95% interval, the range where it has none; who diverged.

    The center is the mean, or, told as such, the median.
    """
    lost = f", {count(row['diverged'])} diverged" if row.get("diverged") else ""
    if not row["n"]:
        return f"none{lost}"
    ends = ("low", "high") if pd.isna(row["ci_low"]) else ("ci_low", "ci_high")
    name = "median " if row["center_of"] == "median" else ""
    return f"{name}{short(row['center'])} [{short(row[ends[0]])}, {short(row[ends[1]])}]{lost}"


def estimate(row: Row) -> str:
    """A claim's estimate with what it counts, its interval and n."""
    return f"{row['unit']}: {short(row['estimate'])} [{short(row['low'])}, {short(row['high'])}], n = {count(row['n'])}"


def deciding_p(row: Row) -> str:
    """The p-values that a verdict hangs on: one, or the smallest of those that decided nothing; none if untestable."""
    kinds = ("supported", "contradicted", "equivalent")
    if row["verdict"] in kinds:
        return p_value(row[f"p_{row['verdict']}"])
    return "" if row["verdict"] == "not testable here" else p_value(min(row[f"p_{kind}"] for kind in kinds))


def of(rows: Iterable[Row], claim: str) -> list[Row]:
    """The rows of a table of claims that stand for an article's: C5 and C5-last, but not C50."""
    return [row for row in rows if row["id"] == claim or str(row["id"]).startswith(f"{claim}-")]


def about(rows: Iterable[Row], word: str) -> list[Row]:
    """The rows of a table of claims whose id has a word in it."""
    return [row for row in rows if word in str(row["id"])]


FORMATS: dict[str, Callable[..., Any]] = {
    "short": short, "count": count, "mean": mean, "estimate": estimate, "p": p_value, "deciding_p": deciding_p,
    "of": of, "about": about, "known": pd.notna,
}  # fmt: skip
"""What a template may do with what it finds."""
