"""A study again and again, killed at random moments: the same results, and nothing piles up.

The tiny study, stage by stage, each time; the smoke study as often as VIGAN_SOAK says, through Snakemake.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from .nursery import Nursery
from .processes import NEEDED, session
from .stages import STAGES, Place

pytestmark = [pytest.mark.slow, NEEDED]

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("VIGAN_SOAK", "0"))
VARIES = {"run.json", "timing.csv", "timing.html", "report.html"}
"""Files that say how long something took."""


def killed_round(place: Place, draws: np.random.Generator) -> tuple[int, int]:
    """Every stage, killed at a random moment and begun again: how often it was killed in time; most memory, KiB."""
    kills = most = 0
    for stage in STAGES:
        child = place.nursery.start(place.folder, stage[0], "--config", "study.yaml", *stage[1:])
        time.sleep(draws.uniform(0, 0.25))
        child.signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
        again = place.nursery.start(place.folder, stage[0], "--config", "study.yaml", *stage[1:])
        assert again.wait() == 0, again.output()
        most = max(most, again.memory)
    return kills, most


def results(place: Place) -> dict[str, bytes]:
    return {name: content for name, content in place.files().items() if Path(name).name not in VARIES}


def test_a_study_whose_every_stage_is_killed_ends_as_one_left_alone_and_leaves_nothing_behind(
    nursery: Nursery, left_alone: Place, tmp_path: Path
) -> None:
    draws, killed = np.random.default_rng(5), Place(tmp_path, nursery)
    kills, memory = zip(*(killed_round(killed, draws) for _ in range(2)), strict=True)
    print(
        f"{sum(kills)} of {2 * len(STAGES)} stages killed before they were done; {max(memory) / 1024:.0f} MiB at most"
    )
    assert sum(kills) >= len(STAGES)
    assert results(killed) == results(left_alone)
    assert memory[1] < 1.1 * memory[0]
    assert not [path for path in (killed.folder / "state").rglob("*") if path.is_file()]


class Soak:
    """The smoke study in a folder, through Snakemake."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "VIGAN_SAVE_EVERY": "1",
        }  # fmt: skip

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = ["snakemake", "all", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(self.folder)]
        with (self.folder / "told.log").open("a") as log:
            return subprocess.Popen(
                [*command, "--cores", "2", "--configfile", str(ROOT / "config" / "smoke.yaml"), *arguments],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def round(self, draws: np.random.Generator) -> tuple[dict[str, bytes], int]:
        """Results of the study from nothing, killed twice at random moments of its first minutes; most memory, KiB."""
        for name in ("results", "figures", "state", ".snakemake"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for _ in range(2):
            killed = self.begin()
            time.sleep(draws.uniform(5, 60))
            os.killpg(killed.pid, signal.SIGKILL)
            killed.wait()
            while session(killed.pid):
                time.sleep(0.1)
            assert self.begin("--unlock").wait() == 0
        last = self.begin()
        _, status, usage = os.wait4(last.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, (self.folder / "told.log").read_text()[-3000:]
        assert session(last.pid) == []
        return self._results(), usage.ru_maxrss

    def _results(self) -> dict[str, bytes]:
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        assert not [path for path in files if path.name.endswith(".part") or "state" in path.parts]
        places = ("results", "figures", "data")
        kept = [path for path in files if path.relative_to(self.folder).parts[0] in places and path.name not in VARIES]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in kept}


@pytest.mark.skipif(not ROUNDS, reason="VIGAN_SOAK is not set: rounds of the smoke study, such as 10")
def test_the_smoke_study_again_and_again(tmp_path: Path) -> None:
    soak, draws = Soak(tmp_path), np.random.default_rng(11)
    rounds = []
    for number in range(ROUNDS):
        results, memory = soak.round(draws)
        rounds.append((results, memory))
        print(f"round {number + 1}: {len(results)} files, {memory / 1024:.0f} MiB at most", flush=True)
    assert all(results == rounds[0][0] for results, _ in rounds)
    assert max(memory for _, memory in rounds) < 1.2 * rounds[0][1]
