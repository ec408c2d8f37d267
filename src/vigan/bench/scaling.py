"""How planning and analysis scale with the number of runs of a study, measured without training."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vigan.bench.record import Measurement, processor
from vigan.bench.simulated import write_floors, write_made_up
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.layout import Layout

ROOT = Path(__file__).parents[3]
SIZES = {False: (500, 1000, 2000, 5000, 10_000), True: (100, 200)}
"""Numbers of runs; quick or not."""

EXPERIMENTS, ARMS = 5, 10

STUDY = """\
study: grown
title: Many arms and seeds on a ring
seeds: [{seeds}]
datasets:
  ring: {{source: ring}}
experiments:
"""
EXPERIMENT = """\
  k{k}:
    title: "{k} G updates on one z"
    dataset: ring
    iterations: 4000
    snapshots: 16
    log_every: 100
    protocols: [{{kind: toy-modes, samples: 2500, redraws: 5}}]
    collapse: {{metric: fair_modes, protocol: toy-modes, below: 0.5, relative_to: real, consecutive: 2, after: 0.25}}
    reach: {{metric: fair_modes, protocol: toy-modes, share: 0.75}}
    shared:
      network: {{kind: mlp, width: 128}}
      reading: proximal
      updates_per_batch: {k}
      d_batches: 1
      g_batches: 1
      batch_size: 256
      optimiser: {{kind: adam_tf1, lr: 1.0e-3}}
    arms:
"""


def measure(quick: bool) -> Measurement:
    """Processor seconds and peak memory of a plan and of an analysis, and numbers of files, by number of runs.

    Processor seconds of the whole process, the start of Python included. The summary holds the largest size's figures
    and the exponents of growth between the two largest sizes: 1 where the cost is proportional.
    """
    rows = [_row(runs) for runs in SIZES[quick]]
    before, last = rows[-2:]
    summary = dict(last)
    for name in ("plan_seconds", "plan_mb", "analyse_seconds", "analyse_mb"):
        growth = np.log(last[name] / before[name]) / np.log(last["runs"] / before["runs"])
        summary[f"{name}_exponent"] = round(float(growth), 2)
    settings = {"quick": quick, "experiments": EXPERIMENTS, "arms": EXPERIMENTS * ARMS, "snapshots": 17}
    return Measurement(processor(), settings, summary, {"rows": rows})


def table(record: Mapping[str, Any]) -> str:
    """A record as the Markdown table in docs/scaling.md."""
    head = ["| runs | plan | its memory | analysis | its memory |", "|---|---|---|---|---|"]
    rows = [
        f"| {row['runs']:,} | {row['plan_seconds']:.0f} s | {row['plan_mb'] / 1000:.2f} GB "
        f"| {row['analyse_seconds']:.0f} s | {row['analyse_mb'] / 1000:.2f} GB |"
        for row in record["details"]["rows"]
    ]
    return "\n".join([*head, *rows])


def _row(runs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        file = Path("study.yaml")
        file.write_text(study_text(runs))
        plan = _cost([
            "snakemake", "all", "--dry-run", "--quiet", "rules", "--cores", "1", "--snakefile", str(ROOT / "Snakefile"),
            "--directory", folder, "--configfile", str(file),
        ])  # fmt: skip
        make_up(load_study(file))
        analysis = _cost([sys.executable, "-m", "vigan.cli", "analyse", "--config", str(file)])
        files, fullest = _files(Path("results"))
    return {
        "runs": runs, "plan_seconds": plan[0], "plan_mb": plan[1], "analyse_seconds": analysis[0],
        "analyse_mb": analysis[1], "files": files, "fullest_folder": fullest,
    }  # fmt: skip


def study_text(runs: int) -> str:
    """A study file of about that many runs: `EXPERIMENTS` experiments of `ARMS` arms each."""
    seeds = max(2, round(runs / (EXPERIMENTS * ARMS)))
    text = STUDY.format(seeds=", ".join(map(str, range(seeds))))
    for k in range(1, EXPERIMENTS + 1):
        text += EXPERIMENT.format(k=k)
        text += "".join(f"      k{k}-l{index}: {{lambda_sum: {index / 2}}}\n" for index in range(ARMS))
    return text


def make_up(study: Study) -> None:
    """Write synthetic output of every run, as the analysis reads it, into the working directory."""
    layout, rules = Layout(study), study.rules()
    for run in study.runs():
        write_made_up(study, layout.run(run), run, rules)
    write_floors(layout)


WATCH = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, done.stdout[-2000:], used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""
"""Runs a command from a small process, as peak memory would otherwise include its parent's at the fork."""


def _cost(command: Sequence[str]) -> tuple[float, float]:
    """Processor seconds and peak memory (MB) of a command. Raises RuntimeError if it fails."""
    watched = subprocess.run([sys.executable, "-S", "-c", WATCH, *command], capture_output=True, text=True, check=True)
    code, output, seconds, peak = json.loads(watched.stdout)
    if code:
        raise RuntimeError(f"{command}: {output}")
    return round(seconds, 1), round(peak / (1e6 if sys.platform == "darwin" else 1e3))


def _files(folder: Path) -> tuple[int, int]:
    """Files below a folder, and the most entries in any one folder."""
    found = [(len(files), len(files) + len(folders)) for _, folders, files in os.walk(folder)]
    return sum(files for files, _ in found), max(entries for _, entries in found)
