"""The content of the index of studies."""

from __future__ import annotations

from typing import NamedTuple

from vigan.report.page import Count, Facts, Link


class ClaimRow(NamedTuple):
    """A claim of a study with its verdict: symbol, style and reason, and where its evidence is, if anywhere."""

    id: str
    statement: str
    verdict: str
    mark: str
    tone: str
    reason: str
    n: int
    link: str


class StudyRow(NamedTuple):
    """A study: what was run, its verdicts counted, its claims, links to what there is, and what there is not."""

    name: str
    title: str
    facts: Facts
    counts: list[Count]
    claims: list[ClaimRow]
    links: list[Link]
    missing: list[str]


class Crossing(NamedTuple):
    """A claim of the article, and by study the verdicts on it, with the seeds they rest on."""

    claim: str
    words: str
    cells: list[tuple[list[Count], str]]


class Index(NamedTuple):
    """All studies: the article's claims against those that speak of them, then each study."""

    studies: list[StudyRow]
    columns: list[str]
    crossings: list[Crossing]
