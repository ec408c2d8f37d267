"""Study files that more than one folder of tests works on, and how to run them without Snakemake."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.io.stamp import SEAL, sealed
from vigan.layout import Layout

TINY = """\
study: tiny
title: A ring in seconds
seeds: [0, 1]
datasets:
  ring: {source: ring, count: 6000}
experiments:
  circle:
    title: A ring
    dataset: ring
    iterations: 60
    snapshots: 3
    log_every: 20
    protocols: [{kind: toy-modes, samples: 500}]
    shared:
      network: {kind: mlp, width: 16}
      reading: released
      d_batches: 1
      g_batches: 1
      batch_size: 32
      optimiser: {kind: adam_tf1, lr: 1.0e-3}
    arms:
      plain:       {lambda_sum: 0.0}
      regularised: {lambda_sum: 1.0}
"""
"""A ring in seconds: a plain and a regularised arm, two seeds, 60 iterations."""

IMAGES = (
    TINY.replace("ring: {source: ring, count: 6000}", "digits: {source: digits}")
    .replace("dataset: ring", "dataset: digits")
    .replace("{kind: toy-modes, samples: 500}", "{kind: pixel-bins-32, samples: 500}")
    .replace("{kind: mlp, width: 16}", "{kind: dcgan, dim: 2, batch_norm: true}")
)
"""The same on images, whose trainings ask for a GPU; those of toys do not."""


def forge(path: Path, **changes: object) -> None:
    """Change a sealed record as if another making had left it: its seal fits."""
    record = json.loads(path.read_text())
    path.write_text(json.dumps(sealed({name: value for name, value in (record | changes).items() if name != SEAL})))


def vigan(file: Path, stage: str, *arguments: str) -> None:
    """Run a stage of a study file beside it, in this process: importing torch takes seconds. It must succeed."""
    output = io.StringIO()
    with contextlib.chdir(file.parent), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        assert main([stage, "--config", file.name, *arguments]) == 0, output.getvalue()


def run_to_tables(file: Path) -> None:
    """Every stage of a study file up to its tables, as `vigan`."""
    study = load_study(file)
    with contextlib.chdir(file.parent):
        Layout(study).write_specs()
    for name, protocol in study.measured():
        vigan(file, "prepare", "--dataset", name)
        vigan(file, "reference", "--dataset", name, "--protocol", protocol.name, "--device", "cpu")
    for run in study.runs():
        this = ("--arm", run.arm, "--seed", str(run.seed), "--device", "cpu", "--threads", "1")
        vigan(file, "train", *this, "--no-tensorboard")
        vigan(file, "evaluate", *this)
    vigan(file, "analyse")
