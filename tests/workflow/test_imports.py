"""What was read of runs made elsewhere, by jobs: their outputs are removed before they run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from vigan.bench import foreign_runs

from .conftest import ROOT, Snakemake

pytestmark = pytest.mark.slow

READ = Path("results/foreign/elsewhere")
CLAIMED = (ROOT / "config" / "foreign.yaml").read_text()
UNCLAIMED = CLAIMED[: CLAIMED.index("claims:")]


class Imports(Snakemake):
    """A folder with the example's runs and its study, and the jobs that read them."""

    def __init__(self, folder: Path, study: str) -> None:
        super().__init__(folder)
        foreign_runs.write(folder / "runs")
        self.write(study)

    def write(self, study: str) -> None:
        """Write the study's file."""
        (self.folder / "foreign.yaml").write_text(study)

    def read(self) -> tuple[int, str]:
        """Read all arms that are to be read; exit code and output."""
        done = self("--until", "import_arm", "--configfile", str(self.folder / "foreign.yaml"))
        return done.returncode, done.stdout


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*") if path.name != "seen.json"}


@pytest.mark.parametrize("by", ["this version", "an earlier one"])
def test_rules_are_those_of_the_first_reading(by: str, tmp_path: Path) -> None:
    """They lay in an output alone, and a claim that was written after a look at the numbers was not marked."""
    runner = Imports(tmp_path, UNCLAIMED)
    assert runner.read()[0] == 0
    if by == "an earlier one":
        (tmp_path / READ / "regularised" / "first-rules.json").unlink()
    table = tmp_path / "runs" / "regularised.csv"
    table.write_text(table.read_text().replace("0,0,fid,", "0,0,fid,1", 1))
    runner.write(CLAIMED)
    code, told = runner.read()
    assert code == 0, told
    assert "import_arm" in told
    assert json.loads((tmp_path / READ / "regularised" / "arm.json").read_text())["rules"] == {}


def test_what_was_read_stands_while_its_files_are_away(tmp_path: Path) -> None:
    runner = Imports(tmp_path, CLAIMED)
    assert runner.read()[0] == 0
    before = _content(tmp_path / READ)
    shutil.move(tmp_path / "runs", tmp_path / "away")
    code, told = runner.read()
    assert (code, bool(re.search(r"total +0\b", told))) == (0, True), told
    runner.write(CLAIMED.replace("iterations: 5000", "iterations: 4000"))
    code, told = runner.read()
    assert code != 0
    assert "whose files are away: made from other experiment; bring runs/" in told
    assert _content(tmp_path / READ) == before

    runner.write(CLAIMED)
    shutil.move(tmp_path / "away", tmp_path / "runs")
    table = tmp_path / "runs" / "regularised.csv"
    table.write_text(table.read_text().replace("0,0,fid,", "0,0,fid,1", 1))
    code, told = runner.read()
    assert code == 0, told
    after = _content(tmp_path / READ)
    assert {name for name in after if after[name] != before[name]} == {
        f"regularised/{name}" for name in ("arm.json", "measured.json", "metrics.csv")
    }
