"""Snakemake and its jobs, stopped in every way there is: the documented command goes on to the same bits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from studies import TINY

from .nursery import Nursery
from .processes import NEEDED, alive, session

ASKED_FOR = pytest.mark.skipif(
    "VIGAN_FAULTS" not in os.environ, reason="kills at moments that race with the machine; set VIGAN_FAULTS=1"
)
pytestmark = [pytest.mark.slow, NEEDED, ASKED_FOR]

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0
STORY = (
    TINY.replace("study: tiny", "study: story")
    .replace("seeds: [0, 1]", "seeds: [0]")
    .replace("iterations: 60", "iterations: 1500")
    .replace("log_every: 20", "log_every: 250")
    + "      wild:        {lambda_sum: 0.0, optimiser: {kind: adam_tf1, lr: 1.0e+38}}\n"
)


class Story:
    """A study in a folder, with Snakemake at work on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "study.yaml").write_text(STORY)
        self.environment = {
            **os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "VIGAN_SAVE_EVERY": "0.05",
        }  # fmt: skip
        self.snakemake: subprocess.Popen[bytes] | None = None

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """The documented command, up to the tables, as the leader of a session of its own."""
        command = ["snakemake", "all", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(self.folder)]
        with (self.folder / "told.log").open("w") as log:
            self.snakemake = subprocess.Popen(
                [*command, "--cores", "2", "--configfile", str(self.folder / "study.yaml"), "--until", "analyse",
                 *arguments],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return self.snakemake

    def run(self, *arguments: str) -> int:
        """Exit code of the documented command; what it prints is in `output`."""
        return self.begin(*arguments).wait(PATIENCE)

    def output(self) -> str:
        return (self.folder / "told.log").read_text()

    def reached(self, arm: str) -> int:
        """Iteration of the newest checkpoint, -1 without one."""
        seals = (self.folder / "state" / "story").glob(f"{arm}-*/checkpoint-*.json")
        return max((int(seal.stem[-9:]) for seal in seals), default=-1)

    def trainer(self, arm: str) -> int:
        """Process that trains an arm, 0 without one."""
        for lock in (self.folder / "state" / "story").glob(f"{arm}-*/lock"):
            return int(lock.read_text() or 0)
        return 0

    def wait_until(self, happened: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < deadline, f"{what}: never happened\n{self.output()[-3000:]}"
            time.sleep(0.01)

    def wait_for_progress(self) -> None:
        """Wait for a newer checkpoint of either arm, while Snakemake works."""
        assert self.snakemake is not None
        before = {arm: self.reached(arm) for arm in ("plain", "regularised")}
        self.wait_until(
            lambda: any(self.reached(arm) > at for arm, at in before.items()) or self.snakemake.poll() is not None,
            "progress",
        )
        assert self.snakemake.poll() is None, self.output()[-3000:]


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
    story.wait_for_progress()
    story.wait_until(lambda: story.trainer("plain") != 0, "a trainer")
    killed = story.trainer("plain")
    os.kill(killed, signal.SIGKILL)
    story.wait_until(lambda: story.trainer("plain") not in {0, killed}, "another trainer")
    story.wait_for_progress()


def _press_ctrl_c(story: Story, snakemake: subprocess.Popen[bytes]) -> None:
    """Both get the signal; nothing stays behind but the checkpoints."""
    os.killpg(snakemake.pid, signal.SIGINT)
    assert snakemake.wait(PATIENCE) != 0
    story.wait_until(lambda: session(snakemake.pid) == [], "the end of all processes")
    assert story.reached("plain") > 0


def _kill_snakemake_alone(story: Story, snakemake: subprocess.Popen[bytes]) -> None:
    """Its lock must be taken away; its trainers live on, so that new ones are refused until these are stopped."""
    story.wait_for_progress()
    snakemake.kill()
    snakemake.wait(PATIENCE)
    orphans = [pid for arm in ("plain", "regularised") if alive(pid := story.trainer(arm))]
    assert orphans
    for pid in orphans:
        os.kill(pid, signal.SIGSTOP)  # slow ones, which would else be done before Snakemake is there again
    assert story.run("--unlock") == 0
    assert story.run("--retries", "0") != 0
    assert "trains this run already; wait for it or stop it" in story.output(), story.output()[-3000:]
    for pid in orphans:
        os.kill(pid, signal.SIGKILL)
    story.wait_until(lambda: session(snakemake.pid) == [], "the end of the trainers")


def _terminate_snakemake(story: Story, snakemake: subprocess.Popen[bytes]) -> None:
    """It lets the jobs end that run, and begins no others."""
    story.wait_for_progress()
    snakemake.terminate()
    snakemake.wait(PATIENCE)
    story.wait_until(lambda: session(snakemake.pid) == [], "the end of all processes")


@pytest.mark.parametrize("arm", ["plain", "regularised"])
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


def test_a_run_that_diverged_is_in_every_table_and_stopped_nothing(story: Story) -> None:
    tables = {path.stem: pd.read_csv(path) for path in (story.folder / "results/story/tables").glob("*.csv")}
    runs = tables["runs"].set_index("arm")["status"]
    assert runs.to_dict() == {"plain": "completed", "regularised": "completed", "wild": "diverged"}
    for name in ("runs", "arms", "timing", "metrics", "telemetry", "curves", "scores", "summary"):
        assert "wild" in set(tables[name]["arm"]), name


def test_nothing_is_left_of_the_interruptions(story: Story) -> None:
    assert not [path for path in (story.folder / "state").rglob("*") if path.is_file()]
    assert not list(story.folder.rglob("*.part"))
