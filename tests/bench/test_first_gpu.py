"""The script for a first GPU: every step, tried on what there is, and what a bare machine is brought."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vigan.bench import first_gpu

ROOT = Path(__file__).parents[2]
SCRIPT = (ROOT / "bench" / "first-gpu.sh").read_text(encoding="utf-8")


def test_limits_of_all_steps_add_up_to_nine_minutes_at_most() -> None:
    limits = re.findall(r"^\s*(?:.* )?(?:measure \S+ \S+|step doctor) (\d+)", SCRIPT, re.MULTILINE)
    assert len(limits) == len(first_gpu.STEPS) + 2  # the doctor, and processes twice
    assert sum(map(int, limits)) <= 9 * 60


def test_every_step_is_measured_and_shell_and_python_agree_on_their_names() -> None:
    assert set(re.findall(r"measure \S+ (\S+) \d+", SCRIPT)) == set(first_gpu.STEPS)


def test_what_is_brought_is_in_the_lock_and_neither_snakemake_nor_clean_fid_is() -> None:
    (needed,) = re.findall(r'^NEEDED="(.*?)"', SCRIPT, re.MULTILINE | re.DOTALL)
    locked = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert set(needed.split()) <= locked
    assert not {"snakemake", "clean-fid", "torch"} & set(needed.split())


def test_a_command_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"vigan train .*no arm 'nobody'"):
        first_gpu.vigan(tmp_path, "train", "--arm", "nobody", "--seed", "0", study=ROOT / "config" / "ring.yaml")


def test_a_step_has_its_limit_where_there_is_no_timeout(tmp_path: Path) -> None:
    (limited,) = re.findall(r"^limited\(\) \{.*?^\}", SCRIPT, re.MULTILINE | re.DOTALL)
    step = f"limited 1 '{sys.executable}' -c 'import time; time.sleep(60)'"
    done = subprocess.run(
        [str(shutil.which("bash")), "-c", f"PYTHON='{sys.executable}'\n{limited}\n{step}"],
        env={"PATH": str(tmp_path)}, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 128 + signal.SIGALRM


@pytest.mark.slow
@pytest.mark.smoke
def test_the_script_runs_where_there_is_no_gpu_and_each_step_leaves_what_it_found(tmp_path: Path) -> None:
    environment = {**os.environ, "SMALL": "1", "OUT": str(tmp_path), "PYTHON": sys.executable}
    done = subprocess.run(
        [ROOT / "bench" / "first-gpu.sh"], env=environment, capture_output=True, text=True, check=False, timeout=540
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [json.loads(line) for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert {step["rc"] for step in steps} == {0}
    for name in first_gpu.STEPS:
        found = json.loads((tmp_path / f"{name}.json").read_text())
        assert found["step"] == name
        assert found["found"]
    assert len(list(tmp_path.glob("doctor-*.json"))) == 1
    resumed = json.loads((tmp_path / "resume.json").read_text())["found"]
    assert resumed["killed_after_a_checkpoint"]
    assert resumed["same_weights"]
