"""A study in a folder with Snakemake at work on it, and a brake on its trainings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path

from studies import TINY

from .processes import alive

ROOT = Path(__file__).parents[3]
BRAKE = Path(__file__).with_name("brake")
PATIENCE = 600.0
TRAINED = ("plain", "regularised")
STORY = (
    TINY.replace("study: tiny", "study: story")
    .replace("seeds: [0, 1]", "seeds: [0]")
    .replace("iterations: 60", "iterations: 500")
    .replace("log_every: 20", "log_every: 100")
    + "      wild:        {lambda_sum: 0.0, optimiser: {kind: adam_tf1, lr: 1.0e+38}}\n"
)


class Story:
    """A study in a folder, with Snakemake at work on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "study.yaml").write_text(STORY)
        self.brake = folder / "brake"
        self.brake.mkdir()
        self.environment = {
            **os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "CUDA_VISIBLE_DEVICES": "", "VIGAN_SAVE_EVERY": "0",
            "VIGAN_TEST_BRAKE": str(self.brake),
            "PYTHONPATH": os.pathsep.join([str(BRAKE), *filter(None, [os.environ.get("PYTHONPATH")])]),
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
                preexec_fn=_hear_ctrl_c,
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
            return int((lock.read_text().split() or ["0"])[0])
        return 0

    def wait_until(self, happened: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < deadline, f"{what}: never happened\n{self.output()[-3000:]}"
            time.sleep(0.01)

    def let_train_to(self, iteration: int) -> None:
        """Let trainings go on, and wait before the first checkpoint behind `iteration`."""
        for arm in TRAINED:
            limit = self.brake / f"{arm}.limit"
            limit.write_text(str(iteration))
            limit.replace(self.brake / arm)

    def release(self) -> None:
        """Let trainings go on to their end."""
        for arm in TRAINED:
            (self.brake / arm).unlink()

    def wait_until_trained_to(self, iteration: int, arms: Collection[str] = TRAINED) -> None:
        """Wait until trainers of these arms wait, while Snakemake works."""
        self.wait_until(
            lambda: self._ended() or all(self.reached(arm) == iteration and alive(self.trainer(arm)) for arm in arms),
            f"training to iteration {iteration}",
        )
        assert not self._ended(), self.output()[-3000:]

    def _ended(self) -> bool:
        return self.snakemake is None or self.snakemake.poll() is not None

    def written(self, arm: str) -> dict[int, list[int]]:
        """Iterations of the checkpoints that each process began to write."""
        found: dict[int, list[int]] = {}
        for line in (self.brake / f"{arm}.written").read_text().splitlines():
            process, iteration = map(int, line.split())
            found.setdefault(process, []).append(iteration)
        return found


def _hear_ctrl_c() -> None:
    """Background jobs of a shell ignore SIGINT, and so would all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
