"""Verdicts on the page, from the claims table: symbol, word, numbers, and links to figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from vigan.io.files import RecordError
from vigan.report.page import Cell, Facts, Link, Picture, Verdict
from vigan.report.tables import NOTHING, interval, number, p_value

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


def verdicts(claims: pd.DataFrame, pictures: Numbered) -> list[Verdict]:
    """Verdicts in the order of the table. Raises RecordError on other columns, or an unknown verdict."""
    if missing := [name for name in COLUMNS if name not in claims.columns]:
        raise RecordError(f"tables/claims.csv: lacks {', '.join(missing)}; make the tables again")
    return [_verdict(row, pictures) for row in claims.itertuples()]


def _verdict(row, pictures: Numbered) -> Verdict:  # noqa: ANN001 - a named tuple made by pandas
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
        estimate=_estimate(row),
        numbers=_numbers(row),
        reason=_text(row.reason),
        changed=_text(row.changed),
        before=[part for part in _text(row.first_verdict).split(" | ") if part],
        evidence=_evidence(_text(row.experiment), _listed(row.figures), pictures),
    )


def _estimate(row) -> Cell:  # noqa: ANN001
    if pd.isna(row.estimate):
        return Cell(NOTHING, "" if pd.isna(row.n) else f"n = {row.n:g}")
    return Cell(number(float(row.estimate)), f"{_ends(row)}, n = {row.n:g}: {_text(row.unit)}")


def _numbers(row) -> Facts:  # noqa: ANN001
    """Arms, estimate, interval, n and deciding p-values, as far as they exist."""
    facts = [
        ("Experiment", _text(row.experiment)),
        ("Arms", ", ".join(_listed(row.arms))),
        (_text(row.unit).capitalize(), _with_interval(row)),
        ("Difference: median, range", _differences(row)),
        ("Runs with the event", ", ".join(_listed(row.fates))),
        ("n", _count(row.n) if row.n else ""),
        *_p_values(row),
    ]
    return [(term, value) for term, value in facts if value]


P_VALUES = {
    "supported": ["p_supported"], "contradicted": ["p_contradicted"], "equivalent": ["p_equivalent"],
    "inconclusive": ["p_supported", "p_contradicted", "p_equivalent"],
}  # fmt: skip
"""The p-values that a verdict depends on."""
P_WORDS = {
    "p_supported": "p for the claim, Holm-corrected over the claims",
    "p_contradicted": "p against it, Holm-corrected",
    "p_equivalent": "p for a difference less than the margin, Holm-corrected",
}


def _p_values(row) -> Facts:  # noqa: ANN001
    return [(P_WORDS[name], _p(getattr(row, name))) for name in P_VALUES.get(row.verdict, [])]


def _differences(row) -> str:  # noqa: ANN001
    if pd.isna(row.median_difference):
        return ""
    return f"{number(row.median_difference)}, {number(row.lowest_difference)} to {number(row.highest_difference)}"


def _with_interval(row) -> str:  # noqa: ANN001
    if pd.isna(row.estimate):
        return ""
    return f"{number(float(row.estimate))} {_ends(row)}"


def _ends(row) -> str:  # noqa: ANN001
    return interval(float(row.low), float(row.high))


def _evidence(experiment: str, kinds: Sequence[str], pictures: Numbered) -> list[Link]:
    found = [pictures[kind, experiment] for kind in kinds if (kind, experiment) in pictures]
    return [Link(f"Figure {picture.number}", picture.anchor) for picture in found]


def _p(value: float) -> str:
    return "" if pd.isna(value) else p_value(value)


def _count(value: float) -> str:
    return "" if pd.isna(value) else f"{value:g}"


def _listed(value: object) -> list[str]:
    return [part.strip() for part in _text(value).split(";") if part.strip()]


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # pyright: ignore[reportGeneralTypeIssues, reportArgumentType, reportCallIssue]
