"""Verdicts of all studies on the article's claims: what the README's table and the index of studies are made from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from vigan.analysis.tables import read_table
from vigan.io.files import RecordError
from vigan.stages.freshness import check_kept

MARKS = "<!-- verdicts: written by `vigan findings` -->", "<!-- end of verdicts -->"
"""Markers around the table of verdicts in a page."""

TITLES = {
    "C1": "with BN and without the term, training collapses",
    "C2": "with the term it stays stable; the term makes the difference",
    "C3": "without BN and without the term, training is slow",
    "C4": "without BN, the term makes it faster",
    "C5": "too many updates of G destabilise; with the term less so (inferred)",
    "C5-free-d": "D may be trained freely",
    "C6": "ALI's derived loss is 'perhaps slightly better' than the usual two",
    "C6-tuned": "all three tuned alike, it does as well",
    "D": "derived: K matters, and the term acts where it is above 1",
    "R": "mostly not claimed: five untuned remedies are better than nothing",
    "T": "tuned alike, the term is better than eight other ways",
    "N": "not claimed: it costs little where it is not needed",
    "P": "controls: what the measures can see",
}
"""The article's claims, and those that follow from its derivation, by the beginning of their ids."""

NOT_TESTED = "not tested"
CHANGED = "†"
"""Marks a study of which a rule was changed after its runs."""


class Judged(NamedTuple):
    """A claim of a study: its id and statement, the verdict, why, the number of seeds, how its rule was changed."""

    id: str
    statement: str
    verdict: str
    reason: str
    n: int
    changed: str


def judged(results: Path) -> dict[str, list[Judged]]:
    """The claims of every study that has tables in a folder of results, by the study's name.

    Raises RecordError naming a table that cannot be read or lacks a column.
    """
    return {folder.name: _claims(folder) for folder in with_tables(results)}


def with_tables(results: Path) -> list[Path]:
    """The studies that have tables in a folder of results."""
    return sorted(path for path in results.iterdir() if (path / "tables").is_dir())


def kept(results: Path) -> list[str]:
    """Names of the studies with tables whose results are the repository's: those that its .gitignore lets through.

    Where no .gitignore beside the folder speaks of results, all of them.
    """
    rules = results.resolve().parent / ".gitignore"
    lines = set(rules.read_text(encoding="utf-8").splitlines()) if rules.is_file() else set[str]()
    names = [folder.name for folder in with_tables(results)]
    return [name for name in names if f"!/results/{name}/" in lines] if "/results/*" in lines else names


def of_claim(claims: Sequence[Judged], beginning: str) -> list[Judged]:
    """Those that stand for one of the article's: C5 and C5-last, but neither C50 nor C5-free-d, which has a title."""
    return [claim for claim in claims if _title(claim.id) == beginning]


def _title(id_: str) -> str:
    """The longest of `TITLES` that an id begins with, whole words; "" if there is none."""
    return max((title for title in TITLES if begins_with(id_, title)), key=len, default="")


def begins_with(id_: str, beginning: str) -> bool:
    """Whether an id has a beginning of whole words: C5-last that of C5, C50 not."""
    return id_ == beginning or id_.startswith(f"{beginning}-")


def counted(claims: Sequence[Judged]) -> dict[str, int]:
    """How many of the claims that were tested got each verdict, in the order in which they come."""
    tested = [claim.verdict for claim in claims if claim.verdict != NOT_TESTED]
    return {verdict: tested.count(verdict) for verdict in dict.fromkeys(tested)}


def seeds(claims: Sequence[Judged]) -> str:
    """The fewest and the most seeds of the claims that were tested."""
    numbers = [claim.n for claim in claims if claim.verdict != NOT_TESTED]
    return " to ".join(f"{n:,}" for n in sorted({min(numbers), max(numbers)})) if numbers else ""


def with_verdicts(page: str, results: Path) -> str:
    """The page with the table of verdicts of all kept studies between `MARKS`. Raises RecordError without the marks."""
    begin, end = MARKS
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise RecordError(f"no place for the table of verdicts: write the lines '{begin}' and '{end}'")
    return f"{before}{begin}\n{verdict_table(results)}{end}{after}"


def verdict_table(results: Path) -> str:
    """One row per claim of the article: each kept study's verdicts on it, with their number and n. Others as tested."""
    lines = ["| the article says | verdicts so far (rules; seeds) |", "|---|---|"]
    made = judged(results)
    studies = {name: made[name] for name in kept(results)}
    for beginning, words in TITLES.items():
        parts = [text for name, claims in studies.items() if (text := _in_words(name, of_claim(claims, beginning)))]
        if parts or beginning.startswith("C"):
            lines.append(f"| {beginning}: {words} | {'<br>'.join(parts) or 'not tested yet'} |")
    return "\n".join(lines) + "\n"


def _in_words(name: str, claims: Sequence[Judged]) -> str:
    """The verdicts of one study: "`digits`†: 2 not testable here (n = 10)", the sign where rules were changed.

    "", where none was tested.
    """
    tested, untested = counted(claims), sum(claim.verdict == NOT_TESTED for claim in claims)
    numbers = tested | ({NOT_TESTED: untested} if tested and untested else {})
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in numbers.items())
    sign = CHANGED if any(claim.changed and claim.verdict != NOT_TESTED for claim in claims) else ""
    return f"`{name}`{sign}: {verdicts} (n = {seeds(claims)})" if verdicts else ""


def _claims(folder: Path) -> list[Judged]:
    path = folder / "tables" / "claims.csv"
    check_kept(folder, [path], None)
    table = read_table(path)
    if missing := [column for column in Judged._fields if column not in table.columns]:
        raise RecordError(f"{path}: has no column '{missing[0]}'; make the tables again")
    return [_judged(row) for row in table.itertuples()]


def _judged(row: Any) -> Judged:
    n = 0 if pd.isna(row.n) else int(row.n)
    return Judged(str(row.id), _text(row.statement), str(row.verdict), _text(row.reason), n, _text(row.changed))


def _text(value: object) -> str:
    return str(value) if isinstance(value, str) else ""
