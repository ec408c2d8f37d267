"""The small reports that the repository keeps show the tables and figures that it keeps."""

from __future__ import annotations

import io
import re
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from kept import ROOT, kept

from vigan.analysis.claim_table import claim_table
from vigan.analysis.outcomes import Measurements
from vigan.analysis.tables import read_table
from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.layout import Layout
from vigan.report.claims import verdicts
from vigan.stages.report_first import units_of_claims
from vigan.tools.audit import audit

PAGES = kept("results/*/report-small.html")
EVERYTHING = [*kept("results/*/*"), *kept("results/*/tables/*"), *kept("results/*/raw/*"), *kept("figures/*/*")]
NOTED = "by a rule rewritten after the runs"
VERDICT = rf'">([^<]+)</a></th><td><span class="badge [\w-]+"><.*?> ([\w ]+)</span>(?: <small>({NOTED})</small>)?</td>'
AUDITED = [
    table.parent
    for table in kept("results/*/raw/metrics.csv.gz")
    if sum(file.stat().st_size for file in table.parent.iterdir()) < 300_000
]
"""Raw numbers that are derived from again in a second or two each; `vigan audit` takes the others."""
ESTIMATE = r"<td>([^<]*) <small>([^<]*)<"


def test_every_study_that_is_kept_has_one_but_for_those_with_large_pictures_or_forty_arms() -> None:
    studies = {path.parent.parent.name for path in kept("results/*/tables/runs.csv")}
    assert {page.parent.name for page in PAGES} == studies - {
        "family-faces",
        "ali-tuning",
        "ring-tuning",
        "digits-k-map",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_its_verdicts_are_those_of_the_kept_table(page: Path) -> None:
    told = re.findall(VERDICT + ESTIMATE, page.read_text(encoding="utf-8"))
    units = units_of_claims(load_study(ROOT / "config" / f"{page.parent.name}.yaml"))
    claims = verdicts(read_table(page.parent / "tables" / "claims.csv"), {}, units)
    assert told == [
        (claim.id, claim.verdict, NOTED * claim.rewritten, claim.estimate.text, claim.estimate.rest) for claim in claims
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_its_figures_and_tables_are_kept(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [*re.findall(r'<img src="([^"]+)"', text), *re.findall(r'href="(tables/[^"]+)"', text)]
    assert len(targets) > 10
    assert {(page.parent / target).resolve() for target in targets} <= set(EVERYTHING)


@pytest.mark.parametrize("claims", kept("results/*/tables/claims.csv"), ids=lambda path: path.parent.parent.name)
def test_kept_verdicts_follow_from_the_kept_scores_and_events_by_today_s_rules(claims: Path) -> None:
    """Also where the raw numbers are not kept; only what earlier rules said needs those."""
    study = load_study(ROOT / "config" / f"{claims.parent.parent.name}.yaml")
    scores, events = (pd.read_csv(claims.parent / f"{name}.csv", dtype={"arm": str}) for name in ("scores", "events"))
    derived = io.StringIO(claim_table(study, Measurements(scores, events)).to_csv(index=False))
    here, again = (pd.read_csv(table).drop(columns=["changed", "first_verdict"]) for table in (claims, derived))
    stated = here[here["statement"] != "(withdrawn)"]
    pd.testing.assert_frame_equal(stated, again, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("raw", AUDITED, ids=lambda raw: raw.parent.name)
def test_kept_tables_follow_from_the_kept_raw_numbers(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    study = load_study(Path("config") / f"{raw.parent.name}.yaml")
    assert audit(study, Layout(study)) == []


def test_those_of_which_it_is_asked_are_many_and_the_readme_s_among_them() -> None:
    assert {"ring", "adam"} < {raw.parent.name for raw in AUDITED}
    assert len(AUDITED) > len(kept("results/*/raw/metrics.csv.gz")) / 2


@pytest.mark.parametrize("claims", kept("results/*/tables/claims.csv"), ids=lambda path: path.parent.parent.name)
def test_kept_verdicts_are_printed(
    claims: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["claims", claims.parent.parent.name]) == 0
    told = capsys.readouterr().out
    assert [name for name in pd.read_csv(claims, dtype={"id": str})["id"] if name not in told] == []


def _shown() -> set[Path]:
    """Files that a kept page, or a page of documentation, shows or links."""
    found = set[Path]()
    for page in [*PAGES, ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        targets = re.findall(r'(?:(?:src|href)="|\]\()([^")#?]+)', page.read_text(encoding="utf-8"))
        found |= {(page.parent / unquote(target)).resolve() for target in targets}
    return found


def test_every_figure_that_is_kept_is_shown_somewhere() -> None:
    assert set(kept("figures/*/*")) - _shown() == set()


def test_what_is_kept_can_be_cloned_in_a_moment() -> None:
    sizes = {path.relative_to(ROOT): path.stat().st_size for path in EVERYTHING}
    assert max(sizes.values()) < 2 * 2**20
    assert sum(size for path, size in sizes.items() if path.suffix == ".csv") < 8e6
    assert sum(size for path, size in sizes.items() if path.parts[0] == "results") < 25e6
    assert sum(sizes.values()) < 40e6
