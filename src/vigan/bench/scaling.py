"""How planning and analysis grow with the number of runs of a study, of many arms and seeds, without training."""

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
import pandas as pd

from vigan.bench.record import Measurement, processor
from vigan.bench.simulated import made_up_metrics, write_floors, write_measured
from vigan.config.arms import Ledger
from vigan.config.load import load_study
from vigan.config.study import RunKey, Study
from vigan.io.run_record import RunRecord
from vigan.io.run_tables import NOISE_COLUMNS
from vigan.layout import Layout
from vigan.provenance import versions
from vigan.rng import generator
from vigan.training.telemetry import COLUMNS

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
    """A record's figures as the Markdown table that docs/scaling.md holds word for word."""
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
    """Write what a finished run of each arm and seed leaves for the analysis, into the working directory."""
    layout, about = Layout(study), {"versions": versions(), "rules": study.rules()}
    for run in study.runs():
        _make_up_run(study, layout.run(run), run, about)
    write_floors(layout)


def _make_up_run(study: Study, folder: Path, run: RunKey, about: dict[str, Any]) -> None:
    spec = study.run_spec(run.arm, run.seed)
    record = RunRecord(
        spec=spec, status="completed", iterations=spec.iterations, ledger=Ledger.of(spec.arm, spec.iterations),
        weights_sha256="f" * 64, snapshots_sha256={}, data_sha256="f" * 64, code_sha256="f" * 64,
        device="simulated", threads=1,
        seconds=1.0, **about,
    )  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(record.model_dump_json())
    draws = generator(run.seed, "metric", run.arm)
    logged = np.arange(spec.log_every, spec.iterations + 1, spec.log_every)
    telemetry = pd.DataFrame(draws.random((len(logged), len(COLUMNS))), columns=list(COLUMNS))
    telemetry.assign(iteration=logged).to_csv(folder / "telemetry.csv", index=False)
    made_up_metrics(study, run, draws).to_csv(folder / "metrics.csv", index=False)
    pd.DataFrame(columns=list(NOISE_COLUMNS)).to_csv(folder / "noise.csv", index=False)
    write_measured(study, folder, record)


WATCH = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, done.stdout[-2000:], used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""
"""Runs a command from a small process: peak memory would else count what its parent held when it started it."""


def _cost(command: Sequence[str]) -> tuple[float, float]:
    """Processor seconds and peak memory (MB) of a command that must succeed."""
    watched = subprocess.run([sys.executable, "-S", "-c", WATCH, *command], capture_output=True, text=True, check=True)
    code, told, seconds, peak = json.loads(watched.stdout)
    if code:
        raise RuntimeError(f"{command}: {told}")
    return round(seconds, 1), round(peak / (1e6 if sys.platform == "darwin" else 1e3))


def _files(folder: Path) -> tuple[int, int]:
    """Files below a folder, and the most entries in any one folder."""
    found = [(len(files), len(files) + len(folders)) for _, folders, files in os.walk(folder)]
    return sum(files for files, _ in found), max(entries for _, entries in found)
