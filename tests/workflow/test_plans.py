"""Plans and refusals: what the workflow says before any work."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from studies import TINY

from .conftest import ROOT, Snakemake

pytestmark = pytest.mark.slow


def _jobs(plan: str) -> dict[str, int]:
    return {rule: int(count) for rule, count in re.findall(r"^(\w+)\s+(\d+)$", plan, re.MULTILINE)}


def test_the_paper_study_is_the_default_and_its_jobs_are_counted_in_runs(snakemake: Snakemake) -> None:
    plan = snakemake("--dry-run", "--quiet", "rules")
    assert plan.returncode == 0, plan.stdout
    jobs = _jobs(plan.stdout)
    assert jobs["train"] == jobs["evaluate"] == 80
    assert jobs["report"] == 1
    assert jobs["total"] < 2 * 80 + 36


def test_without_celeba_the_paper_study_stops_before_any_work_with_three_ways_to_get_it(snakemake: Snakemake) -> None:
    refused = snakemake()
    assert refused.returncode != 0
    assert "CelebA's aligned images were not found" in refused.stdout
    assert all(way in refused.stdout for way in ("VIGAN_CELEBA", "--config celeba=", "download=true"))
    assert not (snakemake.folder / "data").exists()


def test_without_a_gpu_the_paper_study_stops_with_the_days_it_would_take(
    snakemake: Snakemake, tmp_path_factory: pytest.TempPathFactory
) -> None:
    faces = tmp_path_factory.mktemp("faces")
    narrow = faces / "narrow.yaml"  # still takes weeks, and a fifteenth of the time until that is known
    study = (ROOT / "config" / "paper.yaml").read_text().replace("dim: 64", "dim: 8")
    narrow.write_text(study.replace(", count: 202599", ""))
    for number in range(20_000):  # as many as the protocols take
        (faces / f"{number:06}.jpg").touch()
    refused = snakemake("--configfile", str(narrow), "--config", f"celeba={faces}")
    assert refused.returncode != 0
    assert re.search(r"about [\d.]+ days with 2 cores", refused.stdout)
    assert "--config cpu=true" in refused.stdout
    assert not (snakemake.folder / "data").exists()


LISTS, PLANNED_ELSEWHERE = {"deviations", "published"}, {"paper", "smoke"}
STUDIES = sorted(path for path in (ROOT / "config").glob("*.yaml") if path.stem not in LISTS | PLANNED_ELSEWHERE)


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_every_other_study_has_a_plan(snakemake: Snakemake, study: Path) -> None:
    plan = snakemake("--dry-run", "--quiet", "rules", "--configfile", str(study))
    assert plan.returncode == 0, plan.stdout
    assert _jobs(plan.stdout)["report"] == 1


def test_samples_and_numbers_from_elsewhere_are_read_by_rules_of_their_own_and_samples_are_pictured(
    snakemake: Snakemake,
) -> None:
    given, folder = "own {x} ä", snakemake.folder
    for seed in (0, 1):
        place = folder / given / f"seed-{seed}"
        place.mkdir(parents=True)
        np.save(place / "step-60.npy", np.zeros((500, 2), np.float32))
    (folder / f"{given}.csv").write_text("seed,step,metric,value\n0,60,score,1\n1,60,score,2\n")
    rows = f'      pictured: {{from: {{format: samples, path: "{given}"}}}}\n      read: {{from: "{given}.csv"}}\n'
    head = TINY.partition("    shared:")[0].replace("samples: 500}", "samples: 500}, {kind: elsewhere}")
    (folder / "theirs.yaml").write_text(f"{head}    baseline: pictured\n    arms:\n{rows}")
    plan = snakemake("--dry-run", "--quiet", "rules", "--configfile", str(folder / "theirs.yaml"))
    assert plan.returncode == 0, plan.stdout
    jobs = _jobs(plan.stdout)
    assert (jobs["import_samples"], jobs["import_arm"], jobs["frames"], jobs["contact"]) == (1, 1, 1, 1)
    assert not {"train", "movie"} & jobs.keys()


def test_a_broken_study_file_is_one_line_not_a_traceback(snakemake: Snakemake, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text((ROOT / "config" / "smoke.yaml").read_text().replace("batch_size: 64", "batch_sise: 64", 1))
    refused = snakemake("--dry-run", "--configfile", str(broken))
    assert refused.returncode != 0
    assert "did you mean 'batch_size'?" in refused.stdout
    assert "Traceback" not in refused.stdout


def test_an_unknown_machine_setting_is_refused(snakemake: Snakemake) -> None:
    refused = snakemake("--dry-run", "--config", "celebaa=x")
    assert refused.returncode != 0
    assert "celebaa" in refused.stdout


def _resources(plan: str) -> dict[str, str]:
    """What the jobs of each rule take, from a plan."""
    found = re.findall(r"^(?:local)?rule (\w+):.*?^    resources: (.*?)$", plan, re.MULTILINE | re.DOTALL)
    return dict(found)


def test_on_a_gpu_runs_are_measured_in_slots_of_their_own_beside_the_next_that_trains(snakemake: Snakemake) -> None:
    snakemake.environment["VIGAN_GPUS"] = "2"
    plan = snakemake("--dry-run")
    assert plan.returncode == 0, plan.stdout
    taken = _resources(plan.stdout)
    assert "gpu=1" in taken["train"]
    assert "eval=" not in taken["train"]
    for rule in ("evaluate", "reference"):
        assert "eval=1" in taken[rule]
        assert "gpu=0" in taken[rule]


def test_toy_arms_and_what_asks_no_network_take_no_gpu(snakemake: Snakemake) -> None:
    snakemake.environment["VIGAN_GPUS"] = "1"
    plan = snakemake("--dry-run", "--configfile", str(ROOT / "config" / "ring.yaml"))
    assert plan.returncode == 0, plan.stdout
    taken_by = _resources(plan.stdout)
    assert {"train", "evaluate", "reference"} <= set(taken_by)
    for rule, taken in taken_by.items():
        assert "gpu=1" not in taken, rule
        assert "eval=1" not in taken, rule


@pytest.mark.parametrize("profile", sorted(path.name for path in (ROOT / "profiles").iterdir()))
def test_under_no_profile_is_anybody_advised_to_unlock_a_study(profile: str) -> None:
    """Snakemake's own lock outlives a kill, and its message names --unlock, whoever still works there."""
    assert re.search("^nolock: true$", (ROOT / "profiles" / profile / "profile.yaml").read_text(), re.MULTILINE)
