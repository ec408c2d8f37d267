"""The README's table of verdicts counts what the tables of claims say."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigan.io.files import RecordError
from vigan.tools.verdict_table import MARKS, counted, judged, kept, of_claim, seeds, verdict_table, with_verdicts

CLAIMS = """\
id,statement,verdict,reason,n,changed
C1,a,supported,As claimed.,8,
C1-late,b,inconclusive,No test decides.,10,
C10,c,contradicted,Short.,3,
C6,d,not tested,No encoder.,0,it was
"""


def _results(tmp_path: Path, text: str = CLAIMS) -> Path:
    (tmp_path / "tiny" / "tables").mkdir(parents=True)
    (tmp_path / "tiny" / "tables" / "claims.csv").write_text(text)
    return tmp_path


def test_a_claim_is_found_by_the_beginning_of_its_id_and_not_by_a_longer_number(tmp_path: Path) -> None:
    claims = judged(_results(tmp_path))["tiny"]
    assert [claim.id for claim in of_claim(claims, "C1")] == ["C1", "C1-late"]
    assert counted(of_claim(claims, "C1")) == {"supported": 1, "inconclusive": 1}
    assert seeds(of_claim(claims, "C1")) == "8 to 10"
    assert counted(of_claim(claims, "C6")) == {}


def test_a_claim_with_a_title_of_its_own_is_not_counted_twice(tmp_path: Path) -> None:
    """ "D may be trained freely" drowned among the claims on too many updates of G."""
    text = CLAIMS + "C5-last,e,supported,As claimed.,8,\nC5-free-d,f,inconclusive,No test decides.,8,\n"
    claims = judged(_results(tmp_path, text))["tiny"]
    assert [claim.id for claim in of_claim(claims, "C5")] == ["C5-last"]
    assert [claim.id for claim in of_claim(claims, "C5-free-d")] == ["C5-free-d"]
    assert [claim.id for claim in of_claim(claims, "C1")] == ["C1", "C1-late"]


def test_verdicts_by_rules_that_were_changed_after_the_runs_are_marked(tmp_path: Path) -> None:
    results = _results(tmp_path, CLAIMS.replace("As claimed.,8,", "As claimed.,8,its margin was changed after them"))
    assert verdict_table(results).splitlines()[2].endswith("| `tiny`†: 1 supported, 1 inconclusive (n = 8 to 10) |")


def test_a_row_has_each_study_that_tested_the_claim(tmp_path: Path) -> None:
    lines = verdict_table(_results(tmp_path)).splitlines()
    assert lines[2].endswith("| `tiny`: 1 supported, 1 inconclusive (n = 8 to 10) |")
    assert all(line.endswith("| not tested yet |") for line in lines[3:])


def test_a_row_does_not_hide_that_a_part_of_the_claim_was_not_tested(tmp_path: Path) -> None:
    """Whether training stays stable was not tested, and the row of that claim said "1 inconclusive"."""
    text = CLAIMS + "C1-early,e,not tested,Too few.,0,\n"
    line = verdict_table(_results(tmp_path, text)).splitlines()[2]
    assert line.endswith("| `tiny`: 1 supported, 1 inconclusive, 1 not tested (n = 8 to 10) |")


def test_what_somebody_has_run_here_is_no_kept_study(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    results = _results(tmp_path / "results")
    assert kept(results) == ["tiny"]
    (tmp_path / ".gitignore").write_text("/results/*\n!/results/ring/\n")
    assert kept(results) == []
    assert all(line.endswith("| not tested yet |") for line in verdict_table(results).splitlines()[2:])
    (tmp_path / ".gitignore").write_text("/results/*\n!/results/tiny/\n")
    assert kept(results) == ["tiny"]


def test_the_table_is_put_between_its_marks_and_nowhere_else(tmp_path: Path) -> None:
    results = _results(tmp_path)
    page = f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter\n"
    assert with_verdicts(page, results) == f"before\n{MARKS[0]}\n{verdict_table(results)}{MARKS[1]}\nafter\n"
    with pytest.raises(RecordError, match="no place for the table"):
        with_verdicts("before\n", results)


def test_a_table_without_a_column_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"claims\.csv: has no column 'reason'"):
        judged(_results(tmp_path, "id,statement,verdict,n\nC1,a,supported,8\n"))
