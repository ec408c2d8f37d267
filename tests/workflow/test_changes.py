"""What a change, a loss or a kill makes the workflow do again, and what it leaves alone."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from studies import TINY, forge, run_to_tables

from vigan.config.load import load_study
from vigan.config.study import RunKey
from vigan.io.run_record import read_run
from vigan.layout import Layout
from vigan.stages.train import Settings, train

from .conftest import ROOT, Snakemake

pytestmark = pytest.mark.slow

ONE_RUN = TINY.replace("study: tiny", "study: one").replace("seeds: [0, 1]", "seeds: [0]")
ONE_RUN = ONE_RUN.replace("iterations: 60", "iterations: 1500").replace("      regularised: {lambda_sum: 1.0}\n", "")
EDITED = TINY.replace("lambda_sum: 1.0", "lambda_sum: 2.0")
SHOWN = {"analyse": 1, "figure": 5, "frames": 1, "movie": 1, "contact": 1, "report": 1}
"""What is made of the tiny study's runs: its tables, five figures (it has no events and no map), pictures, page."""


class Place:
    """A folder with a study in it, and Snakemake to work on it."""

    def __init__(self, folder: Path, text: str = TINY) -> None:
        self.folder, self.snakemake = folder, Snakemake(folder)
        self.file = self.write("study.yaml", text)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *arguments: str, file: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.snakemake("--configfile", str(file or self.file), *arguments)

    def plan(self, text: str = TINY, name: str = "study.yaml") -> dict[str, int]:
        """Jobs by rule that a study file would lead to."""
        planned = self.run("--dry-run", "--quiet", "rules", file=self.write(name, text))
        assert planned.returncode == 0, planned.stdout
        jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+)\s+(\d+)$", planned.stdout, re.MULTILINE)}
        assert jobs or "Nothing to be done" in planned.stdout
        return {rule: count for rule, count in jobs.items() if rule not in {"all", "total"}}

    def results(self) -> dict[Path, int]:
        """Every result and when it was written."""
        return {path: path.stat().st_mtime_ns for path in (self.folder / "results").rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The tiny study run from nothing, in a folder whose path has a space in it."""
    place = Place(tmp_path_factory.mktemp("a study"))
    done = place.run()
    assert done.returncode == 0, done.stdout[-4000:]
    return place


@pytest.fixture
def place(finished: Place, tmp_path: Path) -> Place:
    """A copy of the finished study, to be changed."""
    shutil.copytree(finished.folder, tmp_path / "a copy")
    return Place(tmp_path / "a copy")


def test_an_edited_lambda_redoes_that_arms_runs_and_what_is_made_of_them(place: Place) -> None:
    assert place.plan(EDITED) == {"train": 2, "evaluate": 2, **SHOWN}
    told = place.run("--dry-run").stdout
    trained = re.findall(r"^rule train:.*?output: (\S+)/run\.json", told, re.MULTILINE | re.DOTALL)
    assert set(trained) == {f"results/tiny/runs/regularised/released/seed-{seed}" for seed in (0, 1)}
    assert "seed-0/metrics.csv" in told
    assert not re.search(r"output: .*runs/plain/", told)


def test_a_renamed_experiment_is_not_trained_again_but_its_tables_carry_the_new_name(place: Place) -> None:
    renamed = TINY.replace("  circle:", "  round-and-round:")
    plan = place.plan(renamed)
    assert plan == SHOWN
    before = {path: time for path, time in place.results().items() if "runs" in path.parts}
    done = place.run("--until", "analyse")
    assert done.returncode == 0, done.stdout[-2000:]
    assert {path: time for path, time in place.results().items() if "runs" in path.parts} == before
    for name in ("runs", "metrics", "summary", "pairs"):
        table = pd.read_csv(place.folder / "results" / "tiny" / "tables" / f"{name}.csv")
        assert set(table["experiment"]) == {"round-and-round"}


@pytest.mark.parametrize("name", ["renamed.yaml", "moved elsewhere/study.yaml"])
def test_a_study_file_may_be_renamed_or_moved(place: Place, name: str) -> None:
    place.file.unlink()
    assert place.plan(TINY, name) == {}


def test_a_lost_table_is_made_again_without_training(place: Place) -> None:
    lost = place.folder / "results" / "tiny" / "tables" / "summary.csv"
    before = lost.read_bytes()
    lost.unlink()
    assert place.plan() == {rule: SHOWN[rule] for rule in ("analyse", "figure", "report")}
    done = place.run("--until", "analyse")
    assert done.returncode == 0, done.stdout[-2000:]
    assert lost.read_bytes() == before


def test_another_study_of_the_same_data_set_does_not_prepare_it_again(finished: Place) -> None:
    other = (
        TINY.replace("study: tiny", "study: other").replace("  ring: {", "  hoop: {").replace(": ring\n", ": hoop\n")
    )
    plan = finished.plan(other, "other.yaml")
    assert plan == {"train": 4, "evaluate": 4, **SHOWN}


def test_results_of_an_edited_study_are_never_taken_for_its_own_when_snakemake_forgot_how_they_were_made(
    place: Place,
) -> None:
    shutil.rmtree(place.folder / ".snakemake")
    place.write("study.yaml", EDITED)
    done = place.run("--quiet", "rules", "--until", "analyse")
    if done.returncode == 0:
        runs = Layout(load_study(place.file)).run_files()
        assert [run._replace(folder=place.folder / run.folder).record().spec.arm.lambda_sum for run in runs] == [
            0,
            0,
            2,
            2,
        ]
    else:
        assert "lambda" in done.stdout


def test_data_that_other_code_prepared_are_prepared_again_when_snakemake_forgot_how_they_were_made(
    place: Place,
) -> None:
    (manifest,) = place.folder.glob("data/*/manifest.json")
    before = manifest.read_bytes()
    forge(manifest, code_sha256="0" * 64)
    shutil.rmtree(place.folder / ".snakemake")
    assert place.plan() == {"prepare": 1, "reference": 1, "train": 4, "evaluate": 4, **SHOWN}
    done = place.run("--until", "prepare")
    assert done.returncode == 0, done.stdout[-2000:]
    assert manifest.read_bytes() == before
    assert place.plan() == {}  # the same data, so all that was made of them is fresh


def test_a_training_is_kept_though_the_clock_was_set_back_since_its_data_were_prepared(place: Place) -> None:
    """Snakemake removes what is older than its inputs as "corrupted"."""
    hour = time.time() + 3600
    for path in place.folder.glob("data/*/*.*"):
        os.utime(path, (hour, hour))
    run = place.folder / "results" / "tiny" / "runs" / "plain" / "released" / "seed-0"
    shutil.rmtree(run)
    done = place.run("--until", "train")
    assert done.returncode == 0, done.stdout[-2000:]
    assert (run / "run.json").exists()


def test_copied_results_are_taken_as_they_are_though_their_times_and_snakemake_s_memory_are_lost(
    finished: Place, tmp_path: Path
) -> None:
    copy = tmp_path / "copied"
    shutil.copytree(finished.folder, copy, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns(".snakemake"))
    files = [path for path in copy.rglob("*") if path.is_file()]
    for number, path in enumerate(sorted(files, key=lambda path: path.name, reverse=True)):
        os.utime(path, (10**9 + number, 10**9 + number))
    assert Place(copy).plan() == {}


LOST = {
    "lambda_sum: 1.0": ("lambda_sum: 2.0", {"train": 2, "evaluate": 2, **SHOWN}),
    "samples: 500": ("samples: 500, redraws: 2", {"evaluate": 4, **SHOWN}),
    "lr: 1.0e-3": ("lr: 1.0e-3, beta1: 0.6", {"train": 4, "evaluate": 4, **SHOWN}),
}


OTHERS = [
    {"params": ["'" + "0" * 64 + "'"]},
    {"code": "vigan other"},
    {"software_stack_hash": "0" * 32},
    {"input": ["data/other/manifest.json"], "input_checksums": {}},
]
"""What Snakemake may remember, in the place of what is fresh, of other results that lay there."""


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: next(iter(other)))
def test_what_is_of_today_is_kept_though_snakemake_remembers_something_else_in_its_place(
    place: Place, other: dict[str, Any]
) -> None:
    """All was trained again: results copied over older ones, another container, the text of a rule."""
    made = ["results/tiny/runs/*/*/*/*.*", "data/*/array.npy", "data/*/manifest.json"]
    names = [str(path.relative_to(place.folder)) for one in made for path in place.folder.glob(one)]
    names += [str(path.relative_to(place.folder)) for path in place.folder.glob("data/*/reference/*")]
    for name in names if "input" not in other else [name for name in names if not name.startswith("data/")]:
        record = place.folder / ".snakemake/metadata" / base64.urlsafe_b64encode(name.encode()).decode()
        if record.exists():
            record.write_text(json.dumps({**json.loads(record.read_text()), **other}))
    assert place.plan() == {}


def test_it_is_said_how_many_runs_are_trained_again(place: Place) -> None:
    place.write("study.yaml", EDITED)
    told = place.run("--until", "train").stdout
    assert "vigan: runs to train: 2, trained before by other code, on other data or otherwise: 2" in told
    assert "2 runs to train on the CPU" in told


@pytest.mark.parametrize("old", LOST)
def test_exactly_what_an_edit_makes_stale_is_made_again_though_snakemake_s_memory_is_lost(
    place: Place, old: str
) -> None:
    new, stale = LOST[old]
    edited = TINY.replace(old, new)
    assert place.plan(edited) == stale
    shutil.rmtree(place.folder / ".snakemake")
    assert place.plan(edited) == stale


def test_an_edited_claim_is_judged_anew_and_no_picture_is_made_for_it_though_snakemake_s_memory_is_lost(
    place: Place,
) -> None:
    claim = "{id: C1, statement: a, place: b, test: paired-sign, arms: [plain, regularised], metric: modes, "
    claim += "protocol: toy-modes, direction: higher, margin: 1.0}"
    judged = {rule: SHOWN[rule] for rule in ("analyse", "figure", "report")}
    assert place.plan(f"{TINY}claims: [{claim}]\n") == judged
    shutil.rmtree(place.folder / ".snakemake")
    assert place.plan(f"{TINY}claims: [{claim}]\n") == judged


PICTURES = """\
study: pictures
title: Pictures
seeds: [0]
datasets: {pictures: {source: folder, path: pictures, side: 32}}
experiments:
  e:
    title: Pictures
    dataset: pictures
    iterations: 2
    snapshots: 1
    log_every: 1
    protocols: [{kind: efflite0-128, samples: 16}]
    shared:
      network: {kind: dcgan, dim: 1, latent: 4, batch_norm: true}
      reading: released
      d_batches: 1
      g_batches: 1
      batch_size: 4
    arms:
      a: {lambda_mean: 0.0}
"""


def test_moved_images_are_the_same_data_and_changed_ones_are_prepared_and_trained_on_anew(tmp_path: Path) -> None:
    images = tmp_path / "pictures"
    images.mkdir()
    for number, picture in enumerate(np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)):
        Image.fromarray(picture).save(images / f"{number}.png")
    place = Place(tmp_path, PICTURES)
    run_to_tables(place.file)
    shown = place.plan(PICTURES)
    assert not shown.keys() & {"prepare", "reference", "train", "evaluate", "analyse"}
    (tmp_path / "disk").mkdir()
    images.rename(tmp_path / "disk" / "pictures")
    moved = PICTURES.replace("path: pictures", "path: disk/pictures")
    assert place.plan(moved) == shown
    (tmp_path / "disk" / "pictures" / "0.png").unlink()
    again = {"prepare": 1, "reference": 1, "train": 1, "evaluate": 1, "analyse": 1}
    assert again.items() <= place.plan(moved).items()


def test_a_seed_from_the_command_line_is_refused(finished: Place) -> None:
    refused = finished.run("--config", "seeds=[7]")
    assert refused.returncode != 0
    assert "vigan: --config cannot change a study" in refused.stdout
    assert "Traceback" not in refused.stdout


@pytest.fixture
def one_run(finished: Place, tmp_path: Path) -> Place:
    """A study of one longer run, whose data set is prepared already."""
    folder = tmp_path / "one run"
    for kept in ("data", ".snakemake"):
        shutil.copytree(finished.folder / kept, folder / kept)
    return Place(folder, ONE_RUN)


def test_a_failed_and_a_killed_training_are_finished_by_the_same_command_to_the_same_bits(one_run: Place) -> None:
    study = load_study(one_run.file)
    layout, spec = Layout(study), study.run_spec("plain", 0)
    data, run = one_run.folder / layout.data(spec.dataset), one_run.folder / layout.run(RunKey("plain", "released", 0))

    with _truncated(data / "array.npy"):
        failed = one_run.run()
    assert failed.returncode != 0
    told = [line for line in failed.stdout.splitlines() if line.startswith("vigan: ")]
    reasons = [line for line in told if "of the jobs failed" not in line]
    assert reasons
    assert all(
        "array.npy: cannot be read as an array" in line and "run `vigan prepare --config" in line for line in reasons
    )
    assert "Traceback" not in failed.stdout
    assert not run.exists() or not any(run.iterdir())

    _kill_when(one_run, lambda: any((one_run.folder / "state").rglob("000000500.safetensors")))
    assert not (run / "run.json").exists()
    assert one_run.run("--unlock").returncode == 0
    done = one_run.run("--until", "analyse")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "rule prepare" not in done.stdout
    assert all((one_run.folder / path).exists() for path in layout.all_tables().values())

    apart = one_run.folder / "apart"
    undisturbed = train(spec, data, apart / "run", apart / "state", Settings("cpu", 1))
    assert read_run(run / "run.json", spec).weights_sha256 == undisturbed.weights_sha256
    assert np.isfinite(pd.read_csv(run / "metrics.csv")["value"]).all()
    assert (run / "telemetry.csv").read_bytes() == (apart / "run" / "telemetry.csv").read_bytes()


class _truncated:
    """Within, a file lacks its second half."""

    def __init__(self, path: Path) -> None:
        self.path, self.whole = path, path.read_bytes()

    def __enter__(self) -> None:
        self.path.write_bytes(self.whole[: len(self.whole) // 2])

    def __exit__(self, *_: object) -> None:
        self.path.write_bytes(self.whole)


def _kill_when(place: Place, reached: Callable[[], bool]) -> None:
    """Start the study in a process group of its own and kill all of it as soon as `reached`."""
    command = ["snakemake", "all", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(place.folder)]
    with (place.folder / "killed.log").open("w") as log:
        started = subprocess.Popen(
            [*command, "--cores", "2", "--configfile", str(place.file)],
            cwd=ROOT, env=place.snakemake.environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + 120
    while not reached() and started.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    alive = started.poll() is None
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    assert alive, (place.folder / "killed.log").read_text()[-2000:]
    assert reached()


JUDGED = (
    TINY
    + """\
claims:
  - {id: more, statement: More modes., place: here, test: paired-sign, arms: [plain, regularised], metric: fair_modes,
     protocol: toy-modes, score: last, direction: higher, margin: 0.5}
"""
)


@pytest.mark.parametrize("as_one_says", [["--touch"], []])
def test_what_is_stale_is_made_again_though_snakemake_remembers_it_as_fresh(
    place: Place, as_one_says: list[str]
) -> None:
    """It goes by content before it goes by times, and whoever touches results tells it that they are today's."""
    place.write("study.yaml", JUDGED)
    if as_one_says:
        assert place.run(*as_one_says).returncode == 0
    planned = place.run("--dry-run", "--quiet", "rules", "--rerun-triggers", "mtime")
    assert {"analyse", "report"} <= set(re.findall(r"^(\w+)\s+\d+$", planned.stdout, re.MULTILINE)), planned.stdout
    assert "train" not in planned.stdout
