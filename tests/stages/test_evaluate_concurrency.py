"""Several snapshots measured at a time: the same bytes, whatever the number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vigan.cli.parser import main

FILES = ("metrics.csv", "noise.csv", "samples.npz")
STUDY = """\
study: scans
title: Digits in seconds
seeds: [0]
datasets:
  digits: {source: digits}
experiments:
  scans:
    title: Digits
    dataset: digits
    iterations: 3
    snapshots: 3
    log_every: 1
    protocols: [{kind: efflite0-128, samples: 40, redraws: 2}]
    shared:
      network: {kind: dcgan, dim: 4, batch_norm: true}
      reading: released
      d_batches: 1
      g_batches: 1
      batch_size: 8
    arms:
      plain: {lambda_mean: 0.0}
"""


def test_the_number_of_threads_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(STUDY)

    def vigan(stage: str, *arguments: str) -> None:
        assert main([stage, "--config", "study.yaml", *arguments]) == 0

    run, device = ("--arm", "plain", "--seed", "0"), ("--device", "cpu")
    vigan("prepare", "--dataset", "digits")
    vigan("reference", "--dataset", "digits", "--protocol", "efflite0-128/n=40/ref=train", *device)
    vigan("train", *run, *device, "--no-tensorboard")
    found = {}
    for threads in ("1", "3"):
        vigan("evaluate", *run, *device, "--threads", threads)
        folder = Path("results/scans/runs/plain/released/seed-0")
        found[threads] = {name: (folder / name).read_bytes() for name in FILES}
    assert found["1"] == found["3"]
    assert found["1"]["metrics.csv"].count(b"frechet") == 4
    assert found["1"]["noise.csv"].count(b"frechet") == 2


def test_measuring_starts_without_the_libraries_that_few_studies_use() -> None:
    script = "import sys, vigan.stages.evaluate as _; sys.exit(bool({'sklearn', 'scipy.stats'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
