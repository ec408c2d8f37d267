"""The verdicts that a study has come to, as text; read without pandas, whose import takes longer than all the rest."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from vigan.config.claims import Boundary
from vigan.describe.claims import BOUNDARY_WORDS, RUNS
from vigan.errors import UserError
from vigan.io.files import RecordError

Row = Mapping[str, str]

BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)
WORDS = "What the words mean: docs/glossary.md; tests and verdicts: docs/statistics.md; metrics: docs/metrics.md."
_WINDOW = re.compile(r" within \S+ of training")
"""The part of training in which a rule counts events."""
_STUDY = "experiments:"
"""What a study's file has, and a list of deviations or of published numbers has not."""


def results_of(name: str, results: Path, config: Path) -> Path:
    """The folder of results that a study's name, or the folder's own, stands for.

    Raises UserError that says what to type if there are none.
    """
    folder = Path(name) if (Path(name) / "tables").is_dir() else results / name
    if (folder / "tables" / "claims.csv").is_file():
        return folder
    file = config / f"{name}.yaml"
    if file.is_file():
        raise UserError(
            f"study '{name}' has no verdicts here yet; make them: snakemake all --cores 2 --configfile {file}"
        )
    known = ", ".join(sorted({*_finished(results), *_studies(config)})) or "none"
    raise UserError(f"no study '{name}' here; known: {known}; type `vigan claims STUDY` with one of them")


def _finished(results: Path) -> Iterator[str]:
    return (path.parents[1].name for path in results.glob("*/tables/claims.csv"))


def _studies(config: Path) -> Iterator[str]:
    return (path.stem for path in config.glob("*.yaml") if _STUDY in path.read_text("utf-8", errors="replace"))


def read_claims(path: Path) -> list[Row]:
    """Rows of a table of claims. Raises RecordError naming the file if it is none."""
    again = "run `vigan analyse` again"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows: list[Row] = list(csv.DictReader(stream, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordError(f"{path}: cannot be read as a table ({error}); {again}") from None
    for row in rows:
        if None in row or not all(row.get(column) for column in ("id", "verdict")):
            raise RecordError(f"{path}: no table of claims; {again}")
    return rows


def format_claims(rows: list[Row]) -> str:
    """Verdict, claim, evidence and rule of each claim, one paragraph each. Raises RecordError on a bad number."""
    return "\n\n".join([*("\n".join(_lines(row)) for row in rows), WORDS]) if rows else "This study states no claims."


def _lines(row: Row) -> Iterator[str]:
    yield f"{row['id']}: {row['verdict'].upper()}"
    yield f"  claim     {_word(row, 'statement')} ({_word(row, 'place')})"
    if rule := _word(row, "rule"):
        yield f"  rule      {rule}"
    if event := _word(row, "event_rule"):
        yield f"  events    {event}"
    if (estimate := _number(row, "estimate")) is not None:
        yield from _evidence(row, estimate)
    yield f"  why       {_word(row, 'reason')}"
    if first := _word(row, "first_verdict"):
        yield f"  before    {first}"
    if changed := _word(row, "changed"):
        yield f"  warning   this rule was changed after the runs: {changed}"


def _evidence(row: Row, estimate: float) -> Iterator[str]:
    arms = _word(row, "arms").replace(";", " -> ")
    ends = f"{estimate:.4g} [{_shown(row, 'low')}, {_shown(row, 'high')}]"
    yield f"  evidence  {arms}: {_word(row, 'unit')} {ends}, n = {_number(row, 'n') or 0:.0f} seeds"
    if _number(row, "lowest_difference") is not None:
        span = f"from {_shown(row, 'lowest_difference')} to {_shown(row, 'highest_difference')}"
        median = "" if _number(row, "median_difference") is None else f"median {_shown(row, 'median_difference')}, "
        of = " (shares of training)" if "of training" in _word(row, "unit") else ""
        yield f"            the second arm minus the first, seed by seed{of}: {median}{span}"
    if fates := _word(row, "fates"):
        window = (_WINDOW.search(_word(row, "rule")) or [""])[0]
        yield f"            runs {RUNS.get(_word(row, 'event'), 'with the event')}{window}: {fates}"
    yield f"  p         one-sided: {'; '.join(_p_values(row))}"


def _p_values(row: Row) -> Iterator[str]:
    """One-sided p-values at each boundary, the deciding one marked; where they count, those corrected over claims."""
    for at in BOUNDARIES:
        above, below = (f"p_{side}_{at.replace('-', '_')}" for side in ("above", "below"))
        if _number(row, above) is not None:
            decides = " (decides)" if at == row.get("boundary") else ""
            yield f"beyond {_place(row, at)}: {_shown(row, above, 3)}, short of it: {_shown(row, below, 3)}{decides}"
    if row["verdict"] == "not testable here":
        return
    kinds = ("supported", "contradicted", *([] if _of_one_arm(row) else ["equivalent"]))
    yield "corrected over claims (Holm): " + ", ".join(f"{kind} {_shown(row, f'p_{kind}', 3)}" for kind in kinds)


def _place(row: Row, boundary: Boundary) -> str:
    """Where a boundary lies: "the margin of 1", "zero"; of the share of one arm, "40%"."""
    if boundary != "margin":
        return BOUNDARY_WORDS[boundary]
    return _word(row, "margin") if _of_one_arm(row) else f"{BOUNDARY_WORDS[boundary]} of {_word(row, 'margin')}"


def _of_one_arm(row: Row) -> bool:
    return ";" not in _word(row, "arms")


def _shown(row: Row, column: str, digits: int = 4) -> str:
    number = _number(row, column)
    return "nan" if number is None else f"{number:.{digits}g}"


def _word(row: Row, column: str) -> str:
    return row.get(column) or ""


def _number(row: Row, column: str) -> float | None:
    """A number of the table, None where there is none."""
    text = _word(row, column)
    try:
        number = float(text or math.nan)
    except ValueError:
        message = f"claims.csv: column '{column}' holds '{text}', which is no number; run `vigan analyse` again"
        raise RecordError(message) from None
    return None if math.isnan(number) else number
