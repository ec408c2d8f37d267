"""The claims table as verdicts: a sign and a word for each, its numbers, and where its evidence stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from vigan.io.files import RecordError
from vigan.report.page import Cell, Facts, Link, Picture, Verdict
from vigan.report.tables import NOTHING, interval, number, p_value

COLUMNS = (
    "id", "experiment", "arms", "quotation", "place", "rule", "verdict", "n", "estimate", "low", "high", "p", "p_holm",
    "needed_n", "reason", "edited", "figures",
)  # fmt: skip
MARKS = {"supported": "✓", "contradicted": "✗", "inconclusive": "≈", "not tested": "○"}
"""Every verdict and the sign that stands beside its word, so that nothing hangs on colour."""

Numbered = Mapping[tuple[str, str], Picture]
"""Pictures of the page by (kind, experiment)."""


def verdicts(claims: pd.DataFrame, pictures: Numbered) -> list[Verdict]:
    """Verdicts in the order of the table. Raises RecordError on other columns, or a verdict that is none."""
    if missing := [name for name in COLUMNS if name not in claims.columns]:
        raise RecordError(f"tables/claims.csv: lacks {', '.join(missing)}; make the tables again")
    return [_verdict(row, pictures) for row in claims.itertuples()]


def _verdict(row, pictures: Numbered) -> Verdict:  # noqa: ANN001 - a named tuple made by pandas
    if row.verdict not in MARKS:
        raise RecordError(f"tables/claims.csv: '{row.verdict}' is no verdict; make the tables again")
    return Verdict(
        id=str(row.id),
        experiment=_text(row.experiment),
        arms=", ".join(_listed(row.arms)),
        quotation=_text(row.quotation),
        place=_text(row.place),
        rule=_text(row.rule),
        verdict=row.verdict,
        mark=MARKS[row.verdict],
        tone=row.verdict.replace(" ", "-"),
        estimate=_estimate(row),
        numbers=_numbers(row),
        reason=_text(row.reason),
        edited=str(row.edited) == "True",
        evidence=_evidence(_text(row.experiment), _listed(row.figures), pictures),
    )


def _estimate(row) -> Cell:  # noqa: ANN001
    if pd.isna(row.estimate):
        return Cell(NOTHING, "" if pd.isna(row.n) else f"n = {row.n:g}")
    return Cell(number(float(row.estimate)), ", ".join([*_ends(row), f"n = {row.n:g}"]))


def _numbers(row) -> Facts:  # noqa: ANN001
    """What is there of arms, estimate, n, p and the n that would be needed."""
    facts = [
        ("Experiment", _text(row.experiment)),
        ("Arms", ", ".join(_listed(row.arms))),
        ("Estimate [interval]", _with_interval(row)),
        ("n", _count(row.n) if row.n else ""),
        ("p", _p(row.p)),
        ("p, Holm-corrected over the claims", _p(row.p_holm)),
        ("n that would settle it, if the effect is as seen", _count(row.needed_n)),
    ]
    return [(term, value) for term, value in facts if value]


def _with_interval(row) -> str:  # noqa: ANN001
    if pd.isna(row.estimate):
        return ""
    return " ".join([number(float(row.estimate)), *_ends(row)])


def _ends(row) -> list[str]:  # noqa: ANN001
    return [] if pd.isna(row.low) else [interval(float(row.low), float(row.high))]


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
