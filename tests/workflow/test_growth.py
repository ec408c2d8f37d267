"""Studies of thousands of runs: what a plan holds, how full folders get, and what was measured."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from vigan.bench import scaling
from vigan.bench.plots import newest
from vigan.config.load import load_study
from vigan.runtime.resources import for_joining

from .conftest import ROOT, Snakemake

ARMS = scaling.EXPERIMENTS * scaling.ARMS
SEEDS = 4


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Rule, inputs, outputs and logs of every job of a study of 50 arms with 4 seeds."""
    folder = tmp_path_factory.mktemp("grown")
    (folder / "study.yaml").write_text(scaling.study_text(ARMS * SEEDS))
    plan = Snakemake(folder)("--dry-run", "--configfile", str(folder / "study.yaml"))
    assert plan.returncode == 0, plan.stdout[-3000:]
    return [_job(block) for block in re.split(r"^(?=rule )", plan.stdout, flags=re.MULTILINE)[1:]]


def _job(block: str) -> dict[str, Any]:
    found = dict(re.findall(r"^    (input|output|log): (.*)$", block, re.MULTILINE))
    return {"rule": block[5 : block.index(":")], **{name: text.split(", ") for name, text in found.items()}}


@pytest.mark.slow
def test_no_folder_has_an_entry_for_every_run(jobs: list[dict[str, Any]]) -> None:
    files = {path for job in jobs for name in ("output", "log") for path in job.get(name, [])}
    folders = {ancestor for path in files for ancestor in Path(path).parents}
    entries = Counter(path.parent for path in folders | set(map(Path, files)))
    assert sum("metrics.csv" in path for path in files) >= ARMS * SEEDS
    assert max(entries.values()) < ARMS * SEEDS


@pytest.mark.slow
def test_a_plan_grows_with_the_runs_not_with_runs_times_pictures(jobs: list[dict[str, Any]]) -> None:
    shown = Counter(job["rule"] for job in jobs for path in job.get("input", []) if path.endswith("samples.npz"))
    pairs = sum(job["rule"] == "movie" for job in jobs)
    assert shown.pop("movie") == 2 * pairs
    assert shown.pop("figure") == ARMS
    assert set(shown.values()) == {ARMS * SEEDS}


@pytest.fixture(scope="module")
def record() -> Any:
    return newest(ROOT / "bench" / "records", "scaling")


def test_the_table_of_growth_is_that_of_the_last_record(record: Any) -> None:
    text = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    assert text.split("<!-- growth -->\n")[1].split("\n<!-- end -->")[0] == scaling.table(record)


def test_ten_thousand_runs_were_planned_and_analysed_within_the_aims(record: Any, tmp_path: Path) -> None:
    summary = record["summary"]
    assert summary["runs"] == 10_000
    assert summary["plan_seconds"] < 120
    assert summary["analyse_mb"] < 2048
    assert summary["fullest_folder"] < 10_000
    (tmp_path / "study.yaml").write_text(scaling.study_text(10_000))
    assert for_joining(load_study(tmp_path / "study.yaml")).mem_mb > summary["analyse_mb"]
