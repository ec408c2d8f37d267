"""docs/tutorial-stabiliser.md, word for word: its files are written, its commands run, with fewer iterations."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import quick

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial-stabiliser.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TUTORIAL, re.DOTALL)
FILES = dict(
    zip(
        re.findall(r"^## .*`(config/[\w.-]+)`$", TUTORIAL, re.MULTILINE),
        [text for kind, text in BLOCKS if kind in ("python", "yaml")],
        strict=True,
    )
)
SMALLER = {
    "iterations: 1500": "iterations: 60",
    "seeds: [0, 1, 2, 3, 4, 5, 6, 7]": "seeds: [0, 1]",
    "snapshots: 5": "snapshots: 2",
    "log_every: 50": "log_every: 20",
    "samples: 2000": "samples: 300",
    "width: 64": "width: 16",
}
RUNS = Path("results/my-penalty/runs")


class Shell(NamedTuple):
    """The folder that commands are typed in, one after the other, in one shell as it were."""

    folder: Path

    def type(self, commands: str) -> str:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, **quick.environment()}
        done = subprocess.run(
            ["bash", "-e", "-c", commands], cwd=self.folder, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def test_the_tutorial_has_its_two_files_and_what_is_made_smaller_stands_in_them() -> None:
    assert list(FILES) == ["config/my_penalty.py", "config/my-penalty.yaml"]
    assert all(FILES["config/my-penalty.yaml"].count(words) == 1 for words in SMALLER)
    assert [kind for kind, _ in BLOCKS] == ["bash", "python", "bash", "text", "yaml", *["bash"] * 4, "toml"]


@pytest.mark.smoke
def test_the_tutorial_leads_from_nothing_to_a_verdict(tmp_path: Path) -> None:
    commands = [text for kind, text in BLOCKS if kind == "bash"]
    begin, check, look, run, claims, change = commands
    Shell(tmp_path).type(begin)
    shell = Shell(tmp_path / "my-study")
    for name, text in FILES.items():
        for words, fewer in SMALLER.items():
            text = text.replace(words, fewer)
        (shell.folder / name).write_text(text, encoding="utf-8")

    (promised,) = (text for kind, text in BLOCKS if kind == "text")
    assert re.sub(r"code \w{12}", "code ...", shell.type(check)) == promised
    said = shell.type(look)
    assert "stabiliser  my_penalty" in said
    assert "stabilisers.my_penalty.weight" in said
    assert "4 runs to train on the CPU" in said
    shell.type(run)
    assert "more-modes" in shell.type(claims)
    page = (shell.folder / "results/my-penalty/report.html").read_text(encoding="utf-8")
    assert all(words in page for words in ("penalised", "my_penalty", "more-modes"))
    for seed in (0, 1):
        plain, penalised = (
            (shell.folder / RUNS / arm / "released" / f"seed-{seed}" / "telemetry.csv").read_text().splitlines()
            for arm in ("plain", "penalised")
        )
        assert "d_penalty" not in plain[0]
        logged = [float(row.split(",")[penalised[0].split(",").index("d_penalty")]) for row in penalised[1:]]
        assert len(logged) == 3
        assert min(logged) > 0

    planned = shell.type(change)
    trained = set(re.findall(r"vigan train|arm=(\w+), reading=released, seed=\d", planned)) - {""}
    assert "penalised" in planned
    assert trained == {"penalised"}, planned
