"""The tables and samples of a study that was never run, and what can be read off a figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from studies import TINY

from vigan.analysis import estimates, events
from vigan.analysis.metric_bounds import bounds_in
from vigan.analysis.time_to_event import time_to_event_table
from vigan.config.study import Study
from vigan.io.files import write_text
from vigan.io.run_record import RunFiles
from vigan.io.run_tables import METRIC_COLUMNS
from vigan.layout import Layout
from vigan.stages.figures import Files

PROTOCOL = "toy-modes/n=500/ref=train"
METRICS = {"modes": 8.0, "fair_modes": 8.0, "high_quality": 0.989, "reverse_kl": 0.0, "finite": 1.0}
RULES = {
    "collapse": {"metric": "fair_modes", "protocol": "toy-modes", "below": 0.5, "once_above": 1.0},
    "reach": {"metric": "fair_modes", "protocol": "toy-modes", "share": 0.5},
}
ARMS = {f"k{k}-{name}": (k, weight) for k in (1, 2) for name, weight in (("plain", 0.0), ("regularised", 1.0))}
MANY = {f"k{k}-l{tenths}": (k, tenths / 10) for k in (1, 2, 5) for tenths in (0, 5, 10)}
WILD = {"lambda_sum": 0.0, "updates_per_batch": 2, "optimiser": {"kind": "adam_tf1", "lr": 1.0e38}}


def study_of(seeds: int = 3, arms: Sequence[str] = tuple(ARMS), *, wild: bool = True, baseline: bool = False) -> Study:
    """Arms that differ in K and lambda, and one that diverges; the first of them may be the `baseline`."""
    raw = yaml.safe_load(TINY) | {"seeds": list(range(seeds))}
    circle = raw["experiments"]["circle"] | RULES
    circle["shared"]["reading"] = "proximal"
    rows = {arm: {"updates_per_batch": k, "lambda_sum": weight} for arm in arms for k, weight in [(ARMS | MANY)[arm]]}
    circle["arms"] = rows | ({"wild": WILD} if wild else {})
    raw["experiments"]["circle"] = circle | ({"baseline": arms[0]} if baseline else {})
    return Study.model_validate(raw)


def write_files(study: Study, folder: Path, *, steps: Sequence[int] = (0, 20, 40, 60)) -> Files:
    """Every table that figures read and the samples of every run; runs of the arm "wild" diverge after step 0."""
    draws, keys = np.random.default_rng(0), ["experiment", "arm", "reading", "seed"]
    layout = Layout(study)
    runs = [run._replace(folder=folder / run.folder) for run in layout.run_files()]
    metrics = pd.DataFrame(_metrics(runs, steps, draws), columns=["experiment", *METRIC_COLUMNS])
    telemetry = pd.DataFrame([row for run in runs for row in _telemetry(run, draws)])
    floors = pd.DataFrame(
        [(dataset, PROTOCOL, metric, value) for dataset in study.datasets for metric, value in METRICS.items()],
        columns=["dataset", "protocol", "metric", "value"],
    )
    ends = metrics.drop_duplicates(keys)[[*keys, "status"]]
    scores, bounds = estimates.run_scores(metrics), bounds_in(study)
    ended = events.events(metrics, floors, study.experiments)
    tables = {
        "runs": ends, "floors": floors, "curves": estimates.curves(metrics, bounds), "scores": scores,
        "telemetry-curves": estimates.telemetry_curves(telemetry), "summary": estimates.summary(scores, ends, bounds),
        "survival": events.survival(ended), "speed": time_to_event_table(ended[ended["end"] > 0], study.experiments),
    }  # fmt: skip
    for name, table in tables.items():
        write_text(folder / "tables" / f"{name}.csv", table.to_csv(index=False))
    for run in runs:
        _samples(run, draws)
    return Files(folder / "tables", runs)


def _metrics(
    runs: Sequence[RunFiles], steps: Sequence[int], draws: np.random.Generator
) -> Iterator[tuple[object, ...]]:
    for run in runs:
        wild = run.spec.name == "wild"
        status = "diverged" if wild else "completed"
        for step in steps:
            measured = ["finite"] if wild and step else METRICS
            for metric in measured:
                value = float(draws.random() * METRICS[metric]) if metric != "finite" else float(not (wild and step))
                names = (run.experiment, run.spec.name, run.spec.arm.reading, run.spec.seed, step, 0, 0, 0)
                yield (*names, metric, PROTOCOL, value, status)


def _telemetry(run: RunFiles, draws: np.random.Generator) -> Iterator[dict[str, object]]:
    names = ("d_loss", "d_accuracy", "g_adversarial", "penalty", "drift", "step", "gradient_ratio")
    for iteration in (20,) if run.spec.name == "wild" else (20, 40, 60):
        values = dict(zip(names, draws.random(len(names)) + 0.1, strict=True))
        if run.spec.arm.k == 1:
            values["drift"] = 0.0
        if not run.spec.arm.regularised or run.spec.arm.k == 1:
            values |= {"penalty": 0.0, "gradient_ratio": 0.0}
        if run.spec.name == "wild":
            values |= {"d_loss": np.nan, "drift": np.nan}
        yield {
            "experiment": run.experiment, "arm": run.spec.name, "reading": run.spec.arm.reading,
            "seed": run.spec.seed, "iteration": iteration, **values,
        }  # fmt: skip


def _samples(run: RunFiles, draws: np.random.Generator) -> None:
    steps = np.array(run.spec.snapshots[:1] if run.spec.name == "wild" else run.spec.snapshots)
    run.folder.mkdir(parents=True)
    samples = draws.normal(size=(len(steps), 50, 2)).astype(np.float32)
    np.savez(run.folder / "samples.npz", steps=steps, samples=samples, finite=np.ones(len(steps), bool))


def words(shown: Figure | Axes) -> list[str]:
    """Every text of a figure or of one of its panels."""
    return [text.get_text() for text in shown.findobj(Text) if isinstance(text, Text) and text.get_text().strip()]


def key_of(figure: Figure) -> list[str]:
    """The labels of a figure's key."""
    return [text.get_text() for text in figure.legends[0].get_texts() if text.get_text().strip()]


def panel(figure: Figure, title: str) -> Axes:
    """The panel with a title."""
    (found,) = [axis for axis in figure.axes if axis.get_title(loc="left") == title]
    return found
