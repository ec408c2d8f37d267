from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from studies import TINY as BASE

from vigan.cli.parser import main

TINY = BASE + "      wild:        {lambda_sum: 0.0, optimiser: {kind: adam_tf1, lr: 1.0e+38}}\n"


class Project:
    """A folder with a tiny study in it, and `vigan` to work on it."""

    def __init__(self, folder: Path, text: str = TINY) -> None:
        self.folder, self.config = folder, folder / "tiny.yaml"
        self.config.write_text(text)

    def vigan(self, stage: str, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a command, run in this process: importing torch takes seconds."""
        output = io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = main([stage, "--config", str(self.config), *arguments])
        return code, output.getvalue()

    def run_folder(self, arm: str, seed: int) -> Path:
        return self.folder / "results" / "tiny" / "runs" / arm / "released" / f"seed-{seed}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    assert made.vigan("prepare", "--dataset", "ring")[0] == 0
    return made
