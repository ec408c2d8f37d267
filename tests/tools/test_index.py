"""The index shows every study, claim by claim, with what is missing, and leads to what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigan.cli.parser import main
from vigan.tools.index import index

ROOT = Path(__file__).parents[2]
CLAIMS = """\
id,statement,verdict,reason,n,changed
C1,a,supported,As claimed.,8
C1-late,b,inconclusive,No test decides.,10
C10,c,contradicted,Short.,3
C6,d,not tested,No encoder.,0
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    tables = tmp_path / "results" / "ring" / "tables"
    tables.mkdir(parents=True)
    (tables / "claims.csv").write_text(CLAIMS)
    (tables / "runs.csv").write_text("arm,seed,status,device\na,0,completed,cpu\na,1,diverged,cpu\nb,0,completed,cpu\n")
    (tmp_path / "results" / "ring" / "report-small.html").write_text("")
    (tmp_path / "results" / "gone" / "tables").mkdir(parents=True)
    (tmp_path / "results" / "gone" / "tables" / "claims.csv").write_text("id,statement,verdict,reason,n,changed\n")
    return tmp_path / "results"


def test_each_study_has_its_verdicts_links_and_what_is_missing(results: Path) -> None:
    gone, ring, *others = index(results, ROOT / "config", results / "index.html").studies
    assert ring.title.startswith("Ring of eight Gaussians")
    assert [(count.number, count.verdict) for count in ring.counts] == [
        (1, "supported"), (1, "inconclusive"), (1, "contradicted")
    ]  # fmt: skip
    assert [claim.link for claim in ring.claims][:2] == [f"ring/report-small.html#claim-{at}" for at in (1, 2)]
    assert dict(ring.facts)["Seeds an arm"] == "1 to 2"
    assert dict(ring.facts)["Diverged"] == "1"
    assert ring.missing == ["not tested: C6"]
    assert gone.missing == ["its study file is not here", "it states no claims", "no report"]
    assert "smoke" in {study.name for study in others}
    assert all(study.missing == ["it was not run here: no tables"] for study in others)


def test_links_lead_to_the_studies_from_wherever_the_page_lies(results: Path) -> None:
    """Those of a page beside the results led nowhere."""
    out = results.parent / "pages" / "all of them.html"
    (ring,) = (study for study in index(results, ROOT / "config", out).studies if study.name == "ring")
    for link in (*(one.anchor for one in ring.links), ring.claims[0].link.partition("#")[0]):
        assert (out.parent / link).resolve().is_file()


def test_claims_are_crossed_with_the_studies_that_speak_of_them(results: Path) -> None:
    made = index(results, ROOT / "config", results / "index.html")
    assert made.columns == ["ring"]
    cells = {crossing.claim: crossing.cells[0] for crossing in made.crossings}
    assert ([count.verdict for count in cells["C1"][0]], cells["C1"][1]) == (["supported", "inconclusive"], "8 to 10")
    assert cells["C6"] == ([], "")


def test_the_command_writes_it_beside_the_results(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "--results", str(results), "--configs", str(ROOT / "config")]) == 0
    text = (results / "index.html").read_text(encoding="utf-8")
    assert capsys.readouterr().out.strip() == str(results / "index.html")
    assert 'href="ring/report-small.html#claim-1"' in text
    assert "<script" not in text


def test_without_results_it_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "--results", str(tmp_path / "none")]) == 1
    told = capsys.readouterr().err
    assert "not there; run a study first" in told
    assert told.count("\n") == 1
