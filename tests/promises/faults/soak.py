"""The smoke study from nothing, through Snakemake, killed on its way: its results, and what a round of it leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vigan.io.files import sha256_file

from .processes import session, working_in

ROOT = Path(__file__).parents[3]
STUDY = ROOT / "config" / "smoke.yaml"
MADE = ("data", "results", "figures")
VARIES = {"run.json", "runs.jsonl.gz", "timing.csv", "timing.html", "report.html"}
"""Files that say how long something took. So do stamps: they hold digests of these."""


def varies(file: Path) -> bool:
    """Whether a file says how long something took."""
    return file.name in VARIES or file.parent.name == "stamps"


class Round(NamedTuple):
    """What came of a round.

    `results`: SHA-256 by file, without those of `VARIES`; `memory`: most in one process, KiB; `disk`: bytes in all
    files, caches and logs included.
    """

    results: dict[str, str]
    kills: int
    memory: int
    disk: int
    seconds: float
    leftovers: list[str]

    def __str__(self) -> str:
        return (
            f"killed {self.kills} times, {len(self.results)} files, {self.memory / 1024:.0f} MiB of memory at most, "
            f"{self.disk / 2**20:.1f} MiB of disk, {self.seconds:.0f} s, left over: {self.leftovers or 'nothing'}"
        )


class Soak:
    """The smoke study in a folder, with temporary files and caches in it too."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder / "study", folder / "told.log"
        self.temporary = folder / "temporary"
        for made in (self.folder, self.temporary):
            made.mkdir()
        self.environment = {
            **os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "CUDA_VISIBLE_DEVICES": "", "VIGAN_SAVE_EVERY": "1",
            "TMPDIR": str(self.temporary), "XDG_CACHE_HOME": str(folder / "cache"),
        }  # fmt: skip

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = ["snakemake", "all", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(self.folder)]
        with self.log.open("a") as log:
            return subprocess.Popen(
                [*command, "--cores", "2", "--configfile", str(STUDY), *arguments],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def round(self, draws: np.random.Generator, kills: int = 2) -> Round:
        """The study from nothing, killed at random moments of its first minutes, and finished."""
        for name in (*MADE, "state", ".snakemake"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        started = time.monotonic()
        killed = sum(self._killed(draws.uniform(5, 60)) for _ in range(kills))
        last = self.begin()
        _, status, usage = os.wait4(last.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, self.log.read_text()[-3000:]
        assert session(last.pid) == []
        seconds = time.monotonic() - started
        return Round(self._results(), killed, usage.ru_maxrss, self._disk(), seconds, self._leftovers())

    def _killed(self, after: float) -> bool:
        """Whether Snakemake and its jobs were killed before they were done."""
        snakemake = self.begin()
        time.sleep(after)
        os.killpg(snakemake.pid, signal.SIGKILL)
        killed = snakemake.wait() == -signal.SIGKILL
        while session(snakemake.pid):
            time.sleep(0.1)
        assert self.begin("--unlock").wait() == 0, self.log.read_text()[-3000:]
        return killed

    def _results(self) -> dict[str, str]:
        files = (path for folder in MADE for path in (self.folder / folder).rglob("*") if path.is_file())
        names = {str(path.relative_to(self.folder)): path for path in files if not varies(path)}
        return {name: sha256_file(path) for name, path in names.items()}

    def _disk(self) -> int:
        return sum(path.stat().st_size for path in self.folder.parent.rglob("*") if path.is_file())

    def _leftovers(self) -> list[str]:
        """Half-written files, state, temporary files and processes that should not be there any more."""
        places = (self.temporary.rglob("*"), (self.folder / "state").rglob("*"), self.folder.rglob("*.part"))
        files = [str(path) for place in places for path in place if path.is_file()]
        return [*files, *(f"process {pid}" for pid in working_in(self.folder))]
