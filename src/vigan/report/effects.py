"""How arms differ from their partners, as the page says it: cells of a matrix, and one sentence an experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from vigan.protocols.registry import METRICS
from vigan.report.cells import Cell
from vigan.report.page import Effect, Link, Matrix, MatrixFacet, MatrixRow, Verdict
from vigan.report.units import Unit, bare, difference, ends, of_metric, told

Told = tuple[Link, str, str, str]
"""A claim's link, verdict, symbol and style."""

MARKS = {"better": "▲", "worse": "▼", "open": "≈", "same": "="}
RULE = (
    "Better or worse: the 95% interval of the difference of last values, seed by seed, excludes 0 and, where runs have "
    "no last value, which is worse than any, most seeds agree. No correction is made for the number of comparisons; "
    "verdicts on claims are corrected."
)
CAPTION = f"Each arm against its partner: difference of last values over seeds [95% interval]. {RULE}"
NO_OTHER = ""
BESIDE = "First, of arms that are compared with no other: the last value itself. "
ALONE = "Each arm’s last value: mean over seeds (median of measures without bounds) [95% interval]. None is compared."
VALUES, DIFFERENCES = "Compared with no other: last values", "Against a partner: differences"


def tone(row) -> str:  # noqa: ANN001 - a named tuple made by pandas
    """What a row of pair-summary says: "better", "worse", "same" in every seed, or "open".

    It is open, too, where the seeds in which both runs have a value say one thing, and all seeds the other.
    """
    if row.n and row.n == row.pairs and row.low == row.high == 0:
        return "same"
    if not row.n or not METRICS[row.metric].sign or row.ci_low != row.ci_low or row.ci_low <= 0 <= row.ci_high:
        return "open"
    return _direction(row) if _agrees(row) else "open"


def _direction(row) -> str:  # noqa: ANN001
    """What the seeds say in which both runs have a value."""
    return "better" if METRICS[row.metric].sign * row.center > 0 else "worse"


def _agrees(row) -> bool:  # noqa: ANN001
    """Whether most of all seeds say so, too; one without a value is worse than one with."""
    better, worse = row.second_better, row.pairs - row.second_better - row.equal
    return row.n == row.pairs or (better > worse if _direction(row) == "better" else worse > better)


def matrix(
    pairs: pd.DataFrame,
    facets: Mapping[str, Sequence[str]],
    claims: Mapping[tuple[str, str], Sequence[Told]],
    main: tuple[str, str],
    last: pd.DataFrame,
) -> Matrix | None:
    """The matrix of an experiment from its rows of pair-summary and its `last` values, None where nothing has a sign.

    `facets`: arms by heading. `claims`: as `claims_by_pair` has them. `main`: the (metric, protocol) of the first
    column; the last are those in which no pair differs.
    """
    pairs, last = _directed(pairs), _directed(last)
    found = dict.fromkeys(
        key for table in (pairs, last) for key in zip(table["metric"], table["protocol"], strict=True)
    )
    flat = {key for key, part in pairs.groupby(["metric", "protocol"]) if not part[["low", "high"]].to_numpy().any()}
    columns = sorted(found, key=lambda column: (column != main, column in flat))
    if not columns:
        return None
    compared = set(pairs["second"])
    values = [row for row in _values(last, columns, claims) if row.arm not in compared]
    rows = _rows(pairs, columns, claims)
    placed = [
        MatrixFacet(title or DIFFERENCES, [row for row in rows if row.arm in arms]) for title, arms in facets.items()
    ]
    shown = [MatrixFacet(VALUES if rows else "", values), *placed]
    caption = f"{BESIDE if values else ''}{CAPTION}" if rows else ALONE
    decided = any(row.verdicts for row in (*values, *rows))
    return Matrix(caption, [_heading(*column) for column in columns], [facet for facet in shown if facet.rows], decided)


def _directed(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of metrics of which more, or less, is better."""
    known = [metric for metric, record in METRICS.items() if record.sign and not record.check]
    return table[table["metric"].isin(known)]


def _values(
    last: pd.DataFrame, columns: Sequence[tuple[str, str]], claims: Mapping[tuple[str, str], Sequence[Told]]
) -> list[MatrixRow]:
    """A row an arm with its last values, which are neither better nor worse, and the claims about it."""
    rows = []
    for arm, part in last.groupby("arm", sort=False):
        found = {(row.metric, row.protocol): Effect(_value(row), "", "") for row in part.itertuples()}
        about = [claim for (_, second), several in claims.items() if second == arm for claim in several]
        rows.append(
            MatrixRow(str(arm), "", [found.get(column, Effect(Cell("–"), "", "")) for column in columns], about)
        )
    return rows


def _value(row) -> Cell:  # noqa: ANN001
    if not row.n:
        return Cell("–", "no run has a value")
    unit = of_metric(row.metric)
    return Cell(told(row.center, unit), _sure(row, unit) + _diverged(row))


def _diverged(row) -> str:  # noqa: ANN001
    return f"; {row.diverged} diverged" if row.diverged else ""


def _heading(metric: str, protocol: str) -> tuple[str, str]:
    arrow = "↓" if METRICS[metric].sign < 0 else "↑"
    title = METRICS[metric].title.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    return f"{title}\N{NO-BREAK SPACE}{arrow}", protocol


def _rows(
    pairs: pd.DataFrame, columns: Sequence[tuple[str, str]], claims: Mapping[tuple[str, str], Sequence[Told]]
) -> list[MatrixRow]:
    rows = []
    compared = {*pairs[["first", "second"]].itertuples(index=False, name=None)}
    known = compared | {(NO_OTHER, second) for _, second in compared}
    for (first, second), part in pairs.groupby(["first", "second"], sort=False):
        found = {(row.metric, row.protocol): _effect(row) for row in part.itertuples()}
        effects = [found.get(column, Effect(Cell("–"), "open", "")) for column in columns]
        about = [told for key in (str(first), NO_OTHER) for told in claims.get((key, str(second)), ())]
        others = [key for key in claims if key[1] == str(second) and key not in known]
        about += [told for key in others for told in _against(key[0], claims[key])]
        rows.append(MatrixRow(str(second), str(first), effects, about))
    return rows


def _against(first: str, several: Sequence[Told]) -> Iterator[Told]:
    """Claims that compare an arm with another than its partner, which they name."""
    for link, verdict, mark, style in several:
        yield link._replace(label=f"{link.label} (against {first})"), verdict, mark, style


def _effect(row) -> Effect:  # noqa: ANN001
    kind, unit = tone(row), of_metric(row.metric)
    if not row.n:
        return Effect(Cell("–", f"no seed has both{_of_all(row)}"), "open", "")
    if kind == "same":
        return Effect(Cell("0", f"the same in all {row.n} seeds"), kind, MARKS[kind])
    return Effect(Cell(difference(row.center, unit), _sure(row, unit) + _of_all(row)), kind, MARKS[kind])


def _of_all(row) -> str:  # noqa: ANN001
    """In how many of all seeds the second arm is better, where some have no difference."""
    return "" if row.n == row.pairs else f"; better in {row.second_better} of {row.pairs} seeds"


def _sure(row, unit: Unit) -> str:  # noqa: ANN001
    """Interval and n; few seeds have none."""
    if row.ci_low != row.ci_low:
        return f"n = {row.n}, too few for an interval" if row.n > 1 else "n = 1"
    return f"{ends(row.ci_low, row.ci_high, unit)}, n = {row.n}"


def claims_by_pair(made: Sequence[Verdict]) -> dict[tuple[str, str], list[Told]]:
    """Links to claims about two arms, or one (after `NO_OTHER`), with verdict, symbol and style, by the pair."""
    found: dict[tuple[str, str], list[Told]] = {}
    for place, claim in enumerate(made, start=1):
        names = [name for name in claim.arms.split(", ") if name]
        if 1 <= len(names) <= 2:
            first, second = [NO_OTHER, *names][-2:]
            link = Link(claim.id, f"claim-{place}")
            found.setdefault((first, second), []).append((link, claim.verdict, claim.mark, claim.tone))
    return found


def sentence(pairs: pd.DataFrame, summary: pd.DataFrame, metric: str) -> str:
    """One experiment in a sentence, from its rows of pair-summary and its last values, all of one metric."""
    title, unit = _directed_title(metric), of_metric(metric)
    every: dict[str, Any] = {str(row.arm): row for row in summary.itertuples()}
    last = {arm: row for arm, row in every.items() if row.n}
    if METRICS[metric].sign == 0 and (last or len(pairs)):
        return f"{METRICS[metric].title} was measured, of which neither more nor less is better."
    if len(pairs) == 1:
        return _one_pair(next(pairs.itertuples()), every, title, unit)
    if len(pairs):
        return _many_pairs(pairs, title, unit)
    if not last:
        return f"{title}: no arm has a value."
    best = max(last.values(), key=lambda row: METRICS[metric].sign * row.center)
    alike = [str(row.arm) for row in last.values() if row.center == best.center]
    if len(alike) > 1:
        of = f"all {len(last)} arms" if len(alike) == len(last) else f"{len(alike)} of {len(last)} arms"
        return f"{title}: the best last value, {told(best.center, unit)}, is that of {of}."
    among = f", the best of {len(last)} arms," if len(last) > 1 else ""
    sure = f"{_sure(best, unit)}{_diverged(best)}"
    return f"{title}: the last value of {best.arm}{among} is {told(best.center, unit)} ({sure})."


def _directed_title(metric: str) -> str:
    """A metric with its better direction in words, if it has one."""
    better = METRICS[metric].better
    return METRICS[metric].title + ("" if better == "none" else f", {better} is better")


def _one_pair(row, every: Mapping[str, Any], title: str, unit: Unit) -> str:  # noqa: ANN001
    kind = tone(row)
    counted = f"better in {row.second_better} of {row.pairs} seeds{_lost(row, every)}"
    if not row.n:
        return f"{title}: no seed has a value of both {row.second} and {row.first}; {row.second} is {counted}."
    if kind == "same":
        return f"{title}: {row.second} and {row.first} score the same in all {row.n} seeds."
    values = [bare(every[arm].center, unit) for arm in (row.second, row.first) if arm in every and every[arm].n]
    medians = row.center_of == "median"  # of differences and of values, which is not the same
    both = ("medians " if medians else "") + " against ".join(values) + unit.words
    words = {"better": "is better than", "worse": "is worse than", "open": _undecided(row)}[kind]
    by = f"{'median ' if medians else ''}difference {difference(row.center, unit)}"
    return f"{row.second} {words} {row.first}. {title}: {both}; {by}, {_how_sure(row, unit)}{_of(row)}; {counted}."


def _undecided(row) -> str:  # noqa: ANN001
    """What is said of two arms that intervals do not tell apart: of all seeds no interval tells where some are lost."""
    return "cannot be told apart from" if row.n == row.pairs else "beside"


def _of(row) -> str:  # noqa: ANN001
    """The seeds that a difference is of, where they are not all."""
    return "" if row.n == row.pairs else f", of the {row.n} of {row.pairs} seeds in which both have a value"


def _lost(row, every: Mapping[str, Any]) -> str:  # noqa: ANN001
    """How runs without a value count, and how many of either arm diverged."""
    if row.n == row.pairs:
        return ""
    lost = {arm: every[arm].diverged for arm in (row.first, row.second) if arm in every}
    told = " and ".join(f"{count} of {arm}" for arm, count in lost.items() if count)
    return ", a run without a value being worse than any" + (f" ({told} diverged)" if told else "")


def _how_sure(row, unit: Unit) -> str:  # noqa: ANN001
    if row.ci_low != row.ci_low:
        return f"n = {row.n}, too few for an interval"
    return f"95% interval {ends(row.ci_low, row.ci_high, unit)}"


def _many_pairs(pairs: pd.DataFrame, title: str, unit: Unit) -> str:
    rows: list[Any] = list(pairs.itertuples())
    kinds = [tone(row) for row in rows]
    counts = {kind: kinds.count(kind) for kind in MARKS}
    words = {"better": "better", "worse": "worse", "same": "the same in every seed", "open": "not told apart"}
    said = ", ".join(f"{counts[kind]} {words[kind]}" for kind in words if counts[kind])
    text = f"{title}: of {len(rows)} arms, each against its partner, {said}."
    sign = METRICS[rows[0].metric].sign
    if lacking := sum(row.n < row.pairs for row in rows):
        text += f" In {lacking} of these pairs runs have no value; their differences are of the other seeds."
    known = [row for row in rows if row.n == row.pairs and tone(row) != "same"]
    if not known or not sign:
        return text
    most = max(known, key=lambda row: sign * row.center)
    gain = f"Largest gain{' of the others' if lacking else ''}: {most.second} over {most.first}"
    if sign * most.center <= 0:
        none = "Of the others none" if lacking else "None"
        gain = f"{none} gains; nearest to a gain is {most.second} against {most.first}"
    of = "median difference" if most.center_of == "median" else "difference"
    return f"{text} {gain}, {of} {difference(most.center, unit)}, {_how_sure(most, unit)}{_of(most)}."
