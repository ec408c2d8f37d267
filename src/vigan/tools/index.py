"""The index of studies: every study with its verdicts claim by claim, what is missing, and links."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vigan.analysis.tables import read_table
from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.io.files import RecordError, write_text
from vigan.report.claims import SIGNS
from vigan.report.index_page import ClaimRow, Crossing, Index, StudyRow
from vigan.report.page import Count, Facts, Link
from vigan.report.render import link, render_index
from vigan.stages.freshness import check_kept
from vigan.tools.verdict_table import TITLES, Judged, counted, judged, of_claim, seeds

FILES = {
    "report.html": "whole report",
    "report-small.html": "small report",
    "tables/claims.csv": "claims",
    "tables/summary.csv": "scores",
    "raw/metrics.csv.gz": "raw numbers",
}
"""What a study's folder may hold, and what the index calls it."""
PAGES = ("report.html", "report-small.html")


def write_index(results: Path, configs: Path, out: Path) -> None:
    """Write the index of every study that has tables in `results` or a file in `configs`, linked from `out`.

    Raises RecordError naming a table that cannot be read, or the folder if there are no results.
    """
    if not results.is_dir():
        raise RecordError(f"{results}: not there; run a study first, or name the folder with --results")
    write_text(out, render_index(index(results, configs, out)))


def index(results: Path, configs: Path, out: Path) -> Index:
    """Studies with tables by name, then those that have only a file; with links as seen from a page at `out`."""
    made = judged(results)
    titles = _titles(configs)
    names = [*made, *(name for name in titles if name not in made)]
    speaking = [name for name, claims in made.items() if any(counted(of_claim(claims, id_)) for id_ in TITLES)]
    return Index(
        studies=[_study(name, titles.get(name), made.get(name), results / name, out) for name in names],
        columns=speaking,
        crossings=[
            Crossing(id_, words, [_crossed(of_claim(made[name], id_)) for name in speaking])
            for id_, words in TITLES.items()
        ],
    )


def _titles(configs: Path) -> dict[str, str]:
    """Titles of the studies that have a file; files that are no studies are left out."""
    found = {}
    for path in sorted(configs.glob("*.yaml")):
        try:
            study = load_study(path)
        except ConfigError:
            continue
        found.setdefault(study.study, study.title)
    return found


def _crossed(claims: Sequence[Judged]) -> tuple[list[Count], str]:
    return _counts(claims), seeds(claims)


def _counts(claims: Sequence[Judged]) -> list[Count]:
    return [
        Count(number, verdict, SIGNS.get(verdict, "?"), _tone(verdict)) for verdict, number in counted(claims).items()
    ]


def _tone(verdict: str) -> str:
    return verdict.replace(" ", "-")


def _study(name: str, title: str | None, claims: Sequence[Judged] | None, folder: Path, out: Path) -> StudyRow:
    there = [file for file in FILES if (folder / file).is_file()]
    page = next((link(folder / file, out) for file in PAGES if file in there), "")
    return StudyRow(
        name=name,
        title=title or name,
        facts=_facts(folder / "tables" / "runs.csv"),
        counts=_counts(claims or []),
        claims=[_claim(claim, f"{page}#claim-{at}" if page else "") for at, claim in enumerate(claims or [], 1)],
        links=[Link(FILES[file], link(folder / file, out)) for file in there],
        missing=_missing(title, claims, there),
    )


def _claim(claim: Judged, place: str) -> ClaimRow:
    sign = SIGNS.get(claim.verdict, "?")
    return ClaimRow(claim.id, claim.statement, claim.verdict, sign, _tone(claim.verdict), claim.reason, claim.n, place)


def _missing(title: str | None, claims: Sequence[Judged] | None, there: Sequence[str]) -> list[str]:
    """What a reader would look for and not find."""
    if claims is None:
        return ["it was not run here: no tables"]
    lacking = [] if title else ["its study file is not here"]
    lacking += [] if claims else ["it states no claims"]
    lacking += [] if set(PAGES) & set(there) else ["no report"]
    lacking += [f"not tested: {claim.id}" for claim in claims if claim.verdict == "not tested"]
    return lacking


def _facts(runs: Path) -> Facts:
    if not runs.is_file():
        return []
    check_kept(runs.parents[1], [runs], None)
    table = read_table(runs)
    per_arm = table.groupby("arm")["seed"].nunique()
    few, many = int(per_arm.min()), int(per_arm.max())
    return [
        ("Arms", str(len(per_arm))),
        ("Runs", f"{len(table):,}"),
        ("Seeds an arm", str(few) if few == many else f"{few} to {many}"),
        ("Diverged", str(int((table["status"] == "diverged").sum()))),
        ("Trained on", ", ".join(table["device"].astype(str).unique())),
    ]
