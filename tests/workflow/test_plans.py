"""Plans and refusals: what the workflow says before any work."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from studies import TINY

from vigan.runtime.settings import SETTINGS

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
    narrow = faces / "narrow.yaml"  # still takes weeks, and a fraction of the time until that is known
    study = (ROOT / "config" / "paper.yaml").read_text().replace("dim: 64", "dim: 2")
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
    """Of two seeds: what a plan is made of are arms; how it grows with seeds is in `test_growth.py`."""
    fewer = re.sub(r"seeds: \[(\d+, \d+), [\d, ]*\]", r"seeds: [\1]", study.read_text(encoding="utf-8"))
    shorter = snakemake.folder / study.name
    shorter.write_text(fewer, encoding="utf-8")
    plan = snakemake("--dry-run", "--quiet", "rules", "--configfile", str(shorter))
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


def test_a_file_from_elsewhere_that_cannot_be_opened_is_told_in_a_line(snakemake: Snakemake) -> None:
    """`vigan import` did; a plan showed frames of Python."""
    folder = snakemake.folder
    (folder / "v.csv").symlink_to("v.csv")
    head = TINY.partition("    shared:")[0].replace("kind: toy-modes, samples: 500", "kind: elsewhere")
    (folder / "theirs.yaml").write_text(f"{head}    arms:\n      theirs: {{from: v.csv}}\n")
    refused = snakemake("--dry-run", "--quiet", "all", "--configfile", str(folder / "theirs.yaml"))
    assert refused.returncode != 0
    assert "vigan: v.csv: Too many levels of symbolic links; fix its symbolic links" in refused.stdout
    assert "Traceback" not in refused.stdout


def test_a_broken_study_file_is_one_line_not_a_traceback(snakemake: Snakemake, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text((ROOT / "config" / "smoke.yaml").read_text().replace("batch_size: 64", "batch_sise: 64", 1))
    refused = snakemake("--dry-run", "--configfile", str(broken))
    assert refused.returncode != 0
    assert "did you mean 'batch_size'?" in refused.stdout
    assert "Traceback" not in refused.stdout


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("celebaa=x", "not celebaa"),
        ("claims=[]", "--config cannot change a study"),
        ("plugins=[other.py]", "--config cannot change a study"),
        ("longest_minutes=never", "VIGAN_LONGEST_MINUTES is 'never'; write a whole number"),
    ],
)
def test_what_is_no_setting_of_the_machine_is_refused(
    snakemake: Snakemake, tmp_path: Path, setting: str, told: str
) -> None:
    (tmp_path / "study.yaml").write_text(TINY)
    refused = snakemake("--dry-run", "--configfile", str(tmp_path / "study.yaml"), "--config", setting)
    assert refused.returncode != 0
    assert told in refused.stdout
    assert "Traceback" not in refused.stdout


def test_no_job_asks_for_more_minutes_than_the_machine_gives(snakemake: Snakemake, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(TINY)
    plan = snakemake("--dry-run", "--configfile", str(tmp_path / "study.yaml"), "--config", "longest_minutes=7")
    assert plan.returncode == 0, plan.stdout
    assert set(re.findall(r"runtime=(\d+)", plan.stdout)) == {"7"}


def test_every_setting_of_a_machine_is_explained_beside_the_studies() -> None:
    told = (ROOT / "config" / "README.md").read_text(encoding="utf-8").partition("## Settings of a machine")[2]
    assert set(re.findall(r"`([a-z0-9_]+)`(?=[^|]*\|)", told)) >= set(SETTINGS)


SHOWING = f"""\
include: "{ROOT}/workflow/common.smk"
print("checkpoints in", LAYOUT.state_root, file=sys.stderr)
rule all:
"""


def test_progress_looks_for_checkpoints_where_trainings_write_them(snakemake: Snakemake, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(TINY)
    (tmp_path / "Snakefile").write_text(SHOWING)
    snakemake.environment["VIGAN_STATE"] = "elsewhere"
    shown = snakemake.run(
        "all", "--dry-run", "--cores", "1", "--configfile", "study.yaml", "--directory", str(tmp_path), folder=tmp_path
    )
    assert "checkpoints in elsewhere" in shown.stdout


def test_on_kubernetes_every_rule_that_may_ask_for_a_gpu_says_whose() -> None:
    rules = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    parts = re.split(r"^rule (\w+):", rules, flags=re.MULTILINE)
    asking = {
        name for name, text in zip(parts[1::2], parts[2::2], strict=True) if re.search(r"gpu=lambda|measuring\(", text)
    }
    profile = (ROOT / "profiles" / "kubernetes" / "profile.yaml").read_text()
    told = re.findall(r"^  (\w+): {gpu_manufacturer: nvidia, scale: 0}$", profile, re.MULTILINE)
    assert asking == set(told) == {"train", "evaluate", "reference", "import_arm"}


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
