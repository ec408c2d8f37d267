"""Snakemake and its jobs, stopped in every way there is: the documented command goes on to the same bits.

A brake keeps the trainings from being over before they are stopped; see `brake`.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from .nursery import Nursery
from .processes import NEEDED, alive, session
from .story import PATIENCE, TRAINED, Story

pytestmark = [pytest.mark.slow, NEEDED]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The study after all that could happen to it; each step says what it expects."""
    told = Story(tmp_path_factory.mktemp("a story"))
    leaders: list[int] = []

    def begin() -> subprocess.Popen[bytes]:
        snakemake = told.begin()
        leaders.append(snakemake.pid)
        return snakemake

    try:
        told.let_train_to(100)
        snakemake = begin()
        _kill_a_job(told)
        _press_ctrl_c(told, snakemake)
        _kill_snakemake_alone(told, begin())
        _terminate_snakemake(told, begin())
        assert told.run() == 0, told.output()[-4000:]
        yield told
    finally:
        for process in (process for leader in leaders for process in session(leader)):
            os.kill(process, signal.SIGKILL)


def _kill_a_job(story: Story) -> None:
    """Snakemake begins it again by itself, and it goes on from its checkpoint."""
    story.wait_until_trained_to(100, ["plain"])
    killed = story.trainer("plain")
    story.let_train_to(200)
    os.kill(killed, signal.SIGKILL)
    story.wait_until(lambda: story.trainer("plain") not in {0, killed}, "another trainer")
    story.wait_until_trained_to(200)


def _press_ctrl_c(story: Story, snakemake: subprocess.Popen[bytes]) -> None:
    """Both get the signal; nothing stays behind but the checkpoints."""
    story.let_train_to(300)
    os.killpg(snakemake.pid, signal.SIGINT)
    assert snakemake.wait(PATIENCE) != 0
    story.wait_until(lambda: session(snakemake.pid) == [], "the end of all processes")
    assert all(story.reached(arm) >= 200 for arm in TRAINED)


def _kill_snakemake_alone(story: Story, snakemake: subprocess.Popen[bytes]) -> None:
    """Its lock must be taken away; its trainers live on, so that new ones are refused until these are stopped."""
    story.wait_until_trained_to(300)
    story.let_train_to(400)
    snakemake.kill()
    snakemake.wait(PATIENCE)
    orphans = [story.trainer(arm) for arm in TRAINED]
    assert all(alive(orphan) for orphan in orphans)
    assert story.run("--unlock") == 0
    assert story.run("--retries", "0") != 0
    assert "trains this run already; wait for it or stop it" in story.output(), story.output()[-3000:]
    story.wait_until(lambda: all(story.reached(arm) == 400 for arm in TRAINED), "training without Snakemake")
    for orphan in orphans:
        os.kill(orphan, signal.SIGKILL)
    story.wait_until(lambda: session(snakemake.pid) == [], "the end of the trainers")


def _terminate_snakemake(story: Story, snakemake: subprocess.Popen[bytes]) -> None:
    """It lets the jobs end that run, and begins no others."""
    story.wait_until_trained_to(400)
    snakemake.terminate()
    story.release()
    snakemake.wait(PATIENCE)
    story.wait_until(lambda: session(snakemake.pid) == [], "the end of all processes")
    runs = [story.folder / "results/story/runs" / arm / "released" / "seed-0" for arm in TRAINED]
    assert all((run / "run.json").exists() for run in runs)
    assert not any((run / "metrics.csv").exists() for run in runs)


@pytest.mark.parametrize("arm", TRAINED)
def test_a_study_stopped_in_every_way_ends_with_the_bits_of_one_left_alone(
    arm: str, story: Story, nursery: Nursery, tmp_path: Path
) -> None:
    (tmp_path / "data").symlink_to(story.folder / "data")
    nursery.vigan(
        tmp_path, "train", "--config", str(story.folder / "study.yaml"), "--arm", arm, "--seed", "0",
        "--device", "cpu", "--no-tensorboard",
    )  # fmt: skip
    run = Path("results/story/runs") / arm / "released" / "seed-0"
    alone, stopped = ({p.name: p.read_bytes() for p in (f / run).rglob("*.*")} for f in (tmp_path, story.folder))
    weights = [json.loads(files.pop("run.json"))["weights_sha256"] for files in (alone, stopped)]
    assert weights[0] == weights[1]
    assert {name: stopped[name] for name in alone} == alone


@pytest.mark.parametrize(("arm", "trainers"), [("plain", 4), ("regularised", 3)])
def test_each_trainer_went_on_where_the_one_before_was_stopped(arm: str, trainers: int, story: Story) -> None:
    written = list(story.written(arm).values())
    assert len(written) == trainers
    assert written[0][0] == 1
    for before, after in itertools.pairwise(written):
        assert after[0] in {before[-1], before[-1] + 1}
    assert written[-1][-1] == 500


def test_a_run_that_diverged_is_in_every_table_and_stopped_nothing(story: Story) -> None:
    tables = {path.stem: pd.read_csv(path) for path in (story.folder / "results/story/tables").glob("*.csv")}
    runs = tables["runs"].set_index("arm")["status"]
    assert runs.to_dict() == {"plain": "completed", "regularised": "completed", "wild": "diverged"}
    for name in ("runs", "arms", "timing", "metrics", "telemetry", "curves", "scores", "summary"):
        assert "wild" in set(tables[name]["arm"]), name


def test_nothing_is_left_of_the_interruptions(story: Story) -> None:
    assert not [path for path in (story.folder / "state").rglob("*") if path.is_file()]
    assert not list(story.folder.rglob("*.part"))
