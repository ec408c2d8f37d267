"""A checkout and a disk as people have them, and the end of a workflow that fails."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from studies import TINY

from .conftest import ROOT, Snakemake

pytestmark = pytest.mark.slow


def test_a_checkout_below_braces_is_planned(snakemake: Snakemake, tmp_path: Path) -> None:
    checkout = tmp_path / "a{b}c"
    for part in ("workflow", "config", "profiles", "src"):
        shutil.copytree(ROOT / part, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("Snakefile", "environment.yml"):
        shutil.copy(ROOT / file, checkout / file)
    plan = subprocess.run(
        ["snakemake", "all", "--dry-run", "--cores", "1", "--configfile", "config/smoke.yaml"], cwd=checkout, text=True,
        env={**snakemake.environment, "PYTHONPATH": str(checkout / "src")}, capture_output=True, check=False,
    )  # fmt: skip
    assert plan.returncode == 0, plan.stderr[-2000:]


def test_a_plan_says_what_is_not_there(snakemake: Snakemake) -> None:
    plan = snakemake("--dry-run", "--configfile", str(ROOT / "config" / "paper.yaml"))
    assert "warning: study 'paper': CelebA's aligned images were not found" in plan.stdout
    assert "no GPU here; `vigan preflight` says how long it would take" in plan.stdout


def test_a_place_that_cannot_be_written_is_told_in_one_line_at_planning(snakemake: Snakemake, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(TINY)
    (tmp_path / "results").write_text("in the way")
    plan = snakemake("--configfile", str(tmp_path / "study.yaml"))
    assert plan.returncode != 0
    assert "Traceback" not in plan.stdout
    assert plan.stdout.splitlines()[-1].startswith("vigan: results")


def test_a_workflow_that_fails_ends_with_what_failed_why_and_what_to_type(snakemake: Snakemake, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(TINY)
    (tmp_path / "state").write_text("in the way of checkpoints")
    words = ("--until", "train", "--configfile", str(tmp_path / "study.yaml"), "--retries", "0")
    ended = snakemake(*words)
    assert ended.returncode != 0
    summary = ended.stdout[ended.stdout.index("vigan: 4 of the jobs failed:") :]
    reasons = [line for line in summary.splitlines() if line.startswith("  train (")]
    assert len(reasons) == 4
    assert all("state: File exists; move away what is in its place" in line for line in reasons)
    assert "What is finished stays. Mend that, then type:\n  snakemake all" in summary
