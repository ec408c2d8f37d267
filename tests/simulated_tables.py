"""Simulated studies as a real one's tables: the long table of runs, from which events, scores and verdicts follow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vigan.analysis.events import DIVERGED, NEVER_ON_TRACK
from vigan.bench.calibration_processes import MODES, Process, Run
from vigan.bench.calibration_rules import ARMS
from vigan.config.claims import TestedClaim
from vigan.config.study import Study
from vigan.io.run_tables import METRIC_COLUMNS

STEPS = np.arange(21)
PROTOCOL = "toy-modes/n=2500/ref=train"
FLOORS = pd.DataFrame(
    [("ring", PROTOCOL, "fair_modes", float(MODES))], columns=["dataset", "protocol", "metric", "value"]
)


MEASURED = {"metric": "fair_modes", "protocol": "toy-modes"}
COLLAPSE, REACH = {**MEASURED, "below": 0.5}, {**MEASURED, "share": 0.5}


def study_of(claims: Sequence[TestedClaim], seeds: int, **changes: object) -> Study:
    """A ring, two arms, rules for both events, and claims; `changes` are made to the experiment."""
    arms = {name: {"lambda_sum": weight} for name, weight in zip(ARMS, (0.0, 1.0), strict=True)}
    experiment = {
        "title": "Simulated", "dataset": "ring", "iterations": int(STEPS[-1]), "snapshots": int(STEPS[-1]),
        "protocols": [{"kind": "toy-modes", "samples": 2500}], "arms": arms, "collapse": COLLAPSE, "reach": REACH,
        "shared": {"network": {"kind": "mlp"}, "reading": "released", "d_batches": 1, "g_batches": 1},
    }  # fmt: skip
    return Study.model_validate({
        "study": "simulated", "title": "Simulated", "seeds": list(range(seeds)),
        "datasets": {"ring": {"source": "ring"}}, "experiments": {"ring": {**experiment, **changes}},
        "claims": [claim.model_dump(mode="json") for claim in claims],
    })  # fmt: skip


def long_table(process: Process, tally: Sequence[int]) -> pd.DataFrame:
    """Every value of every run of a study with so many seeds of each pair."""
    pairs = [pair for pair, count in zip(process, tally, strict=True) for _ in range(count)]
    parts = [
        _run_rows(arm, seed, run)
        for seed, pair in enumerate(pairs)
        for arm, run in zip(ARMS, (pair.first, pair.second), strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _run_rows(arm: str, seed: int, run: Run) -> pd.DataFrame:
    values = _course(run)
    finite = np.isfinite(values)
    told = {
        "experiment": "ring", "arm": arm, "reading": "released", "seed": seed, "images": 0, "d_updates": 0,
        "g_updates": 0, "protocol": PROTOCOL, "status": "completed" if finite.all() else "diverged",
    }  # fmt: skip
    checks = pd.DataFrame({"step": STEPS, "metric": "finite", "value": finite.astype(float), **told})
    modes = pd.DataFrame({"step": STEPS[finite], "metric": "fair_modes", "value": values[finite], **told})
    return pd.concat([checks, modes], ignore_index=True)[["experiment", *METRIC_COLUMNS]]


def _course(run: Run) -> np.ndarray:
    """Modes held at each step: none, then enough to be on track, and what is left after a bad end."""
    share = STEPS / STEPS[-1]
    if run.cause == NEVER_ON_TRACK:
        return np.where(share > 0, run.value, 0.0)
    well = float(MODES) if run.cause else run.value
    last = np.nan if run.cause == DIVERGED else run.value
    on_track, ended = share >= run.on_track - 1e-9, (share >= run.time - 1e-9) & (run.cause != "")
    return np.where(ended, last, np.where(on_track, well, 0.0))
