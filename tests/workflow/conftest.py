from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Snakemake:
    """Snakemake on this checkout, working in a folder of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            **{key: value for key, value in os.environ.items() if key not in {"VIGAN_TEST_DATA", "VIGAN_CELEBA"}},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "CUDA_VISIBLE_DEVICES": "",
            **environment,
        }

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["snakemake", "all", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(self.folder)]
        return subprocess.run(
            [*command, "--cores", "2", *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=1500,
            check=False,
        )


@pytest.fixture
def snakemake(tmp_path: Path) -> Snakemake:
    return Snakemake(tmp_path)


@pytest.fixture(scope="session")
def smoke_study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Snakemake, str]:
    """The smoke study, run once from nothing; the folder it ran in and what it printed."""
    runner = Snakemake(tmp_path_factory.mktemp("smoke"))
    first = runner("--configfile", str(ROOT / "config" / "smoke.yaml"), "--verbose")
    assert first.returncode == 0, first.stdout[-4000:]
    return runner, first.stdout
