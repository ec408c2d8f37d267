"""Writes made-up runs of other projects, in the files that these leave: `python -m vigan.bench.foreign_runs FOLDER`.

Three arms of five seeds, for docs/foreign-runs.md and config/foreign.yaml: two as StyleGAN 3 writes them, one as a
table. Nothing in them was measured.
"""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vigan.io.files import write_text

SEEDS = range(5)
STEPS = range(0, 5001, 250)
"""Thousands of images, as StyleGAN counts."""
ROUGH = range(0, 5001, 500)
"""Steps of the run that was measured less often."""


class Course(NamedTuple):
    """How an arm's runs go: the FID they end at, and which of them collapse when."""

    fid: float
    collapses: dict[int, int]


COURSES = {
    "plain": Course(12.0, {1: 3000, 3: 2250, 4: 4000}),
    "augmented": Course(8.0, {}),
    "regularised": Course(7.0, {4: 4500}),
}


def measured(course: Course, seed: int, step: int) -> dict[str, float]:
    """FID, precision and recall of a made-up snapshot."""
    luck = np.random.default_rng([round(100 * course.fid), seed, step])
    learnt = 1 - math.exp(-step / 900)
    fid = course.fid + (300 - course.fid) * (1 - learnt) + luck.normal(0, 0.3)
    recall = 0.02 + 0.45 * learnt + luck.normal(0, 0.008)
    if step >= course.collapses.get(seed, STEPS.stop):
        fid, recall = fid + 60, 0.1 * recall
    return {"fid": round(fid, 4), "precision": round(0.55 + 0.15 * learnt, 4), "recall": round(max(recall, 0.0), 4)}


def stylegan_lines(course: Course, seed: int) -> Iterator[tuple[str, str]]:
    """(file, line) of one run, as StyleGAN writes them."""
    for step in STEPS:
        found = measured(course, seed, step)
        results = {
            "fid50k_full": {"fid50k_full": found["fid"]},
            "pr50k3_full": {"pr50k3_full_precision": found["precision"], "pr50k3_full_recall": found["recall"]},
        }
        for metric, values in results.items():
            snapshot = f"network-snapshot-{step:06d}.pkl"
            line = {"results": values, "metric": metric, "num_gpus": 1, "snapshot_pkl": snapshot}
            yield f"metric-{metric}.jsonl", json.dumps(line)


def write_stylegan(course: Course, folder: Path) -> None:
    """A run folder for each seed."""
    for seed in SEEDS:
        run = folder / f"{seed:05d}-stylegan3-t-faces-gpus1-batch32"
        files: dict[str, list[str]] = {}
        for name, line in stylegan_lines(course, seed):
            files.setdefault(name, []).append(line)
        for name, lines in files.items():
            write_text(run / name, "\n".join(lines) + "\n")
        write_text(run / "training_options.json", json.dumps({"random_seed": seed, "batch_size": 32}, indent=2))


def table(course: Course) -> str:
    """A long table of all seeds; seed 2 was measured half as often, and recall at its first step was lost."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["seed", "step", "metric", "value"])
    for seed in SEEDS:
        for step in ROUGH if seed == 2 else STEPS:
            for metric, value in measured(course, seed, step).items():
                lost = (seed, step, metric) == (2, 0, "recall")
                rows.writerow([seed, step, metric, "" if lost else value])
    return text.getvalue()


def write(folder: Path) -> None:
    """All three arms."""
    for arm in ("plain", "augmented"):
        write_stylegan(COURSES[arm], folder / arm)
    write_text(folder / "regularised.csv", table(COURSES["regularised"]))


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "runs"))
