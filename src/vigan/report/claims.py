"""Verdicts on the page, from the claims table: symbol, word, numbers, and links to figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from vigan.describe.claims import OLDER_FORM
from vigan.io.files import RecordError
from vigan.report.cells import Cell
from vigan.report.page import Count, Facts, Link, Picture, Verdict
from vigan.report.tables import NOTHING, number, p_value
from vigan.report.units import PLAIN, SHARE, Unit, difference, ends, margins, told

COLUMNS = (
    "id", "experiment", "arms", "statement", "place", "rule", "test", "verdict", "reason", "n", "estimate", "low",
    "high", "unit", "median_difference", "lowest_difference", "highest_difference", "margin", "boundary", "p_supported",
    "p_contradicted", "p_equivalent", "fates", "changed", "first_verdict", "figures",
)  # fmt: skip
SIGNS = {
    "supported": "✓", "contradicted": "✗", "equivalent": "=", "inconclusive": "≈", "not testable here": "∅",
    "not tested": "○",
}  # fmt: skip
"""The symbol of each verdict, so that nothing depends on colour."""

Numbered = Mapping[tuple[str, str], Picture]
"""Pictures of the page by (kind, experiment)."""


def verdicts(claims: pd.DataFrame, pictures: Numbered, units: Mapping[str, Unit] | None = None) -> list[Verdict]:
    """Verdicts in the order of the table; `units` are those of differences, by claim.

    Raises RecordError on other columns, or an unknown verdict.
    """
    if missing := [name for name in COLUMNS if name not in claims.columns]:
        raise RecordError(f"tables/claims.csv: lacks {', '.join(missing)}; make the tables again")
    return [_verdict(row, pictures, (units or {}).get(str(row.id), PLAIN)) for row in claims.itertuples()]


def counts(made: Sequence[Verdict]) -> list[Count]:
    """How many claims got each verdict, in the order of `SIGNS`."""
    told_of = [verdict.verdict for verdict in made]
    return [
        Count(told_of.count(name), name, mark, name.replace(" ", "-"))
        for name, mark in SIGNS.items()
        if name in told_of
    ]


def _verdict(row, pictures: Numbered, unit: Unit) -> Verdict:  # noqa: ANN001 - a named tuple made by pandas
    if row.verdict not in SIGNS:
        raise RecordError(f"tables/claims.csv: '{row.verdict}' is no verdict; make the tables again")
    return Verdict(
        id=str(row.id),
        experiment=_text(row.experiment),
        arms=", ".join(_listed(row.arms)),
        statement=_text(row.statement),
        place=_text(row.place),
        rule=_text(row.rule),
        verdict=row.verdict,
        mark=SIGNS[row.verdict],
        tone=row.verdict.replace(" ", "-"),
        estimate=_estimate(row, unit),
        numbers=_numbers(row, unit),
        reason=_reason(row),
        changed=_text(row.changed).removeprefix(OLDER_FORM).lstrip("; "),
        older_form=_text(row.changed).startswith(OLDER_FORM),
        before=[part for part in _text(row.first_verdict).split(" | ") if part],
        evidence=_evidence(_text(row.experiment), _listed(row.figures), pictures),
    )


SHARES = ("share of", "difference of two shares")
"""Beginnings of the units of estimates that are shares, shown in percent."""


def _unit(row) -> Unit:  # noqa: ANN001
    """How an estimate is shown: shares in percent, a difference of shares in percentage points, else as it is."""
    text = _text(row.unit)
    if text.startswith(SHARES[1]):
        return Unit(100.0, " percentage points", " percentage points")
    return SHARE if text.startswith(SHARES[0]) else PLAIN


def _estimate(row, unit: Unit) -> Cell:  # noqa: ANN001
    if pd.isna(row.estimate):
        return Cell(NOTHING, "" if pd.isna(row.n) else f"n = {row.n:g}")
    return Cell(told(row.estimate, _unit(row)), f"{_ends(row)}, n = {row.n:g}: {margins(_text(row.unit), unit)}")


def _numbers(row, unit: Unit) -> Facts:  # noqa: ANN001
    """Arms, the estimate with its one interval and n, and differences in their unit, as far as they exist."""
    facts = [
        ("Experiment", _text(row.experiment)),
        ("Arms", ", ".join(_listed(row.arms))),
        (margins(_text(row.unit), unit).capitalize(), _with_interval(row)),
        ("Difference, second arm minus first", _differences(row, unit)),
        (f"Runs {unit.runs or 'with the event'}", ", ".join(_listed(row.fates))),
    ]
    return [(term, value) for term, value in facts if value]


P_WORDS = {
    "p_supported": "for the claim",
    "p_contradicted": "against it",
    "p_equivalent": "for a difference below the margin",
}
UNDECIDED = "No test decides"


def _reason(row) -> str:  # noqa: ANN001
    """Why, with one p-value: that which decided, or, where none did, the smallest."""
    reason = _text(row.reason)
    known = {name: float(getattr(row, name)) for name in P_WORDS if not pd.isna(getattr(row, name))}
    if not reason.startswith(UNDECIDED) or not known:
        return reason
    least = min(known, key=lambda name: known[name])
    rest = re.sub(r"^.*?[a-z]\.(?=\s|$)", "", reason, count=1)  # what follows the sentence
    return f"{UNDECIDED}: of the p after correction the smallest, {P_WORDS[least]}, is {p_value(known[least])}.{rest}"


def _differences(row, unit: Unit) -> str:  # noqa: ANN001
    """The median over seeds and the range, once where all are equal."""
    if pd.isna(row.lowest_difference):
        return ""
    if row.lowest_difference == row.highest_difference:
        return f"{difference(row.median_difference, unit)} in every seed"
    low, high = (number(float(end) * unit.factor) for end in (row.lowest_difference, row.highest_difference))
    median = "" if pd.isna(row.median_difference) else f"median {difference(row.median_difference, unit)}, "
    return f"{median}from {low} to {high}"


def _with_interval(row) -> str:  # noqa: ANN001
    """An estimate and its 95% interval; one at its bound says what that means."""
    if pd.isna(row.estimate):
        return ""
    seeds = f", n = {row.n:g} seeds" if row.n and not pd.isna(row.n) else ""
    return f"{told(row.estimate, _unit(row))} {_ends(row)}{seeds}"


def _ends(row) -> str:  # noqa: ANN001
    return ends(float(row.low), float(row.high), _unit(row))


def _evidence(experiment: str, kinds: Sequence[str], pictures: Numbered) -> list[Link]:
    found = [pictures[kind, experiment] for kind in kinds if (kind, experiment) in pictures]
    return [Link(f"Figure {picture.number}", picture.anchor) for picture in found]


def _listed(value: object) -> list[str]:
    return [part.strip() for part in _text(value).split(";") if part.strip()]


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # pyright: ignore[reportGeneralTypeIssues, reportArgumentType, reportCallIssue]
