"""Does the rounding of TF32 or bf16 move a curve by more than seeds do? Emulated on the CPU, with a margin set before.

The declaration is in docs/performance.md, "Rounding, emulated". Every run is kept as it ends, so that the same command
resumes where it was stopped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from vigan.analysis.exact import median_interval
from vigan.bench.record import Measurement, processor
from vigan.bench.rounded import MANTISSA, Rounding
from vigan.config.arms import RunSpec
from vigan.config.load import load_study
from vigan.data.prepare import prepare
from vigan.data.store import load
from vigan.evaluation.features import FeatureMetrics
from vigan.evaluation.references import draw_reals
from vigan.features.extractors import make_extractor
from vigan.io.files import read_json, write_json
from vigan.layout import Layout
from vigan.runtime.settings import setting
from vigan.training.device import calculate_in_float32
from vigan.training.latents import evaluation_latents
from vigan.training.run import Run
from vigan.training.snapshots import sample, to_uint8

PLAIN = "float32"
COLUMNS = ("d_loss", "g_adversarial", "step")
SPANS = {"early": (0.0, 0.125), "middle": (0.125, 0.5), "late": (0.5, 1.0)}
"""Shares of the iterations over which a column's mean is taken, the first end left out."""
SAMPLES = 1000
MARGIN = 1.0
"""Largest difference that counts as none, in standard deviations of float32 over seeds."""
CONTROLS = ("3 bits", "1 bit", "0 bits")
"""Roundings so coarse that a study which cannot tell any of them from float32 can tell nothing."""
LEVEL = 0.9
"""Of the interval that must lie within the margin: two one-sided tests at 0.05."""


class Workload(NamedTuple):
    """An arm of a study, trained for some iterations from some seeds, logged each `log_every`."""

    study: str
    arm: str
    iterations: int = 400
    seeds: int = 24
    log_every: int = 10
    samples: int = SAMPLES
    precisions: tuple[str, ...] = ("float32", "tf32", "bf16")


WORKLOADS = {
    "digits": Workload(
        "config/precision.yaml", "float32-regularised", precisions=("float32", "tf32", "bf16", *CONTROLS)
    ),
    "faces": Workload(
        "config/celeba10k-32.yaml", "small-bn-regularised", precisions=("float32", "tf32", "bf16", "1 bit")
    ),
}
QUICK = {"digits": WORKLOADS["digits"]._replace(iterations=16, seeds=6, log_every=1, samples=16)}


def measure(quick: bool) -> Measurement:
    """Each summary of each workload by precision, and whether it is float32's; runs are kept among the states."""
    calculate_in_float32(1)
    if quick:
        with tempfile.TemporaryDirectory() as folder:
            return _measured(QUICK, Path(folder))
    return _measured(WORKLOADS, Path(setting("state", "state")) / "rounding")


def _measured(workloads: dict[str, Workload], folder: Path) -> Measurement:
    found = {name: _runs(workload, folder / name) for name, workload in workloads.items()}
    summary = {name: {p: compared(runs[PLAIN], runs[p]) for p in runs if p != PLAIN} for name, runs in found.items()}
    settings = {name: workload._asdict() for name, workload in workloads.items()}
    declared = {"margin": MARGIN, "level": LEVEL, "columns": COLUMNS, "spans": SPANS, "mantissa": MANTISSA}
    return Measurement(processor(), {**settings, **declared}, summary, found)


def compared(plain: Sequence[dict[str, float]], other: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Of each summary the median difference of pairs with its interval and verdict; of all of them, "verdict".

    Differences are in deviations of float32 over seeds. Verdicts are "equivalent" (within the margin), "moved" (beyond
    it) or "open"; all are equivalent only if each is.
    """
    found: dict[str, Any] = {}
    for name in plain[0]:
        ours, theirs = (np.array([run[name] for run in runs]) for runs in (plain, other))
        interval = median_interval((theirs - ours) / ours.std(ddof=1), LEVEL)
        ends = [round(float(value), 4) for value in interval[:3]]
        found[name] = {"median": ends[0], "interval": ends[1:], "verdict": judged(ends[1], ends[2])}
    every = {summary["verdict"] for summary in found.values()}
    return {**found, "verdict": "equivalent" if every == {"equivalent"} else "moved" if "moved" in every else "open"}


def judged(low: float, high: float) -> str:
    """Verdict on an interval."""
    if low > -MARGIN and high < MARGIN:
        return "equivalent"
    return "moved" if low > MARGIN or high < -MARGIN else "open"


def _runs(workload: Workload, folder: Path) -> dict[str, list[dict[str, float]]]:
    """Summaries of every run, by precision and seed; seed by seed, so that a part of them is a smaller study."""
    bench = Bench(workload)
    found: dict[str, list[dict[str, float]]] = {precision: [] for precision in workload.precisions}
    for seed in range(workload.seeds):
        for precision, runs in found.items():
            kept = folder / precision / f"seed-{seed}.json"
            if not kept.exists():
                write_json(kept, bench.run(seed, precision))
                print(f"{workload.arm} {precision} seed {seed}: done", flush=True)
            runs.append(read_json(kept))
    return found


class Bench:
    """A workload's data, and what its samples are measured against."""

    def __init__(self, workload: Workload) -> None:
        study = load_study(Path(workload.study))
        dataset = study.dataset_of(workload.arm)
        folder = Layout(study).data(dataset)
        if not (folder / "manifest.json").exists():
            prepare(dataset, folder)
        self.workload, self.data = workload, load(folder)
        self.spec = study.run_spec(workload.arm).model_copy(
            update={
                "iterations": workload.iterations,
                "snapshots": (workload.iterations,),
                "log_every": workload.log_every,
            }
        )
        evaluator = FeatureMetrics(make_extractor("efflite0-128", "cpu"))
        (reals,) = draw_reals(self.data, workload.samples, samples=1)
        self.metrics = evaluator.measure(evaluator.reference_arrays(reals))

    def run(self, seed: int, precision: str) -> dict[str, float]:
        """Summaries of one run whose products are rounded; what it made is measured in float32."""
        spec = self.spec.model_copy(update={"seed": seed})
        with tempfile.TemporaryDirectory() as state:
            run = Run(spec, self.data.array, Path(state), torch.device("cpu"))
            with Rounding(precision):
                outcome = run.train(save_every=float("inf"))
        rows = dict(zip(outcome.columns, outcome.telemetry.T, strict=True))
        return dict(self._curves(rows)) | {"frechet": self._frechet(run, spec)}

    def _curves(self, rows: dict[str, np.ndarray]) -> Iterator[tuple[str, float]]:
        done = rows["iteration"] / self.workload.iterations
        for column in COLUMNS:
            for span, (start, end) in SPANS.items():
                yield f"{column} {span}", float(rows[column][(done > start) & (done <= end)].mean())

    def _frechet(self, run: Run, spec: RunSpec) -> float:
        z = evaluation_latents(spec.seed, self.workload.samples, spec.arm.network.latent)
        return self.metrics(to_uint8(sample(run.networks.sampled_generator, z)).numpy())["frechet"]
