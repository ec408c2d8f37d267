from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest
import quick

from vigan.tools.planning import is_dry

from .forked import Forked

ROOT = Path(__file__).parents[2]


class Snakemake:
    """Snakemake on this checkout, in a folder of its own; its jobs are forked from one process unless `fresh`."""

    fresh = False

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            **{key: value for key, value in os.environ.items() if key not in {"VIGAN_TEST_DATA", "VIGAN_CELEBA"}},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "CUDA_VISIBLE_DEVICES": "",
            **environment,
        }

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["all", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(self.folder), "--cores", "2"]
        return self.run(*command, *arguments, folder=ROOT)

    def run(self, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Snakemake with any words in any folder, in a process of its own."""
        forks = not (self.fresh or is_dry([*arguments]))
        environment = self.environment | (quick.environment() if forks else {})
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as output:
            code = _forked().run(arguments, folder, environment, Path(output.name))
            return subprocess.CompletedProcess(["snakemake", *arguments], code, output.read())


@cache
def _forked() -> Forked:
    """One process for all tests of a worker."""
    made = Forked()
    atexit.register(made.close)
    return made


@pytest.fixture
def snakemake(tmp_path: Path) -> Snakemake:
    return Snakemake(tmp_path)


@pytest.fixture(scope="session")
def smoke_study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Snakemake, str]:
    """The smoke study, run once from nothing; the folder it ran in and what it printed."""
    runner = Snakemake(tmp_path_factory.mktemp("smoke"))
    runner.fresh = True
    first = runner("--configfile", str(ROOT / "config" / "smoke.yaml"), "--verbose")
    assert first.returncode == 0, first.stdout[-4000:]
    return runner, first.stdout
