"""A study of two arms with claims, and its tables, made up from numbers that a test writes down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from studies import TINY
from vigan.analysis.evidence import Measurements

from vigan.analysis.estimates import run_scores
from vigan.analysis.events import events
from vigan.config.study import Study
from vigan.metrics.registry import METRIC_COLUMNS

PROTOCOL = "toy-modes/n=500/ref=train"
STEPS = (0, 20, 40, 60)

DIFFERENCE = {
    "id": "more", "quotation": "more modes", "place": "here", "test": "paired-permutation",
    "arms": ["plain", "regularised"], "metric": "fair_modes", "protocol": "toy-modes", "direction": "higher",
    "smallest_effect": 1.0, "least_n": 5,
}  # fmt: skip
TIMING = {
    "id": "later", "quotation": "later", "place": "here", "test": "log-rank", "arms": ["plain", "regularised"],
    "event": "collapse", "direction": "later", "smallest_effect": 0.1, "least_n": 5,
}  # fmt: skip
OCCURRENCE = {
    "id": "rare", "quotation": "rare", "place": "here", "test": "binomial", "arm": "regularised",
    "event": "collapse", "direction": "less", "smallest_effect": 0.2, "least_n": 5,
}  # fmt: skip
COLLAPSE = {"metric": "fair_modes", "protocol": "toy-modes", "below": 0.5, "once_above": 4.0}
REACH = {"metric": "fair_modes", "protocol": "toy-modes", "share": 0.75}


def study_of(*claims: Mapping[str, Any], collapse: Mapping[str, Any] = COLLAPSE) -> Study:
    """The tiny ring study with claims, and rules for both events."""
    import yaml

    raw = yaml.safe_load(TINY)
    raw["experiments"]["circle"] |= {"collapse": dict(collapse), "reach": REACH}
    return Study.model_validate({**raw, "claims": [dict(claim) for claim in claims]})


def long_table(courses: Mapping[str, Sequence[Sequence[float]]], metric: str = "fair_modes") -> pd.DataFrame:
    """The long table of arms whose runs have these values at `STEPS`, seed by seed; NaN is a value that is missing."""
    rows = []
    for arm, runs in courses.items():
        for seed, values in enumerate(runs):
            status = "completed" if np.isfinite(values).all() else "diverged"
            for step, value in zip(STEPS, values, strict=True):
                key = (arm, "released", seed, step, 32 * step, step, 2 * step)
                rows.append((*key, "finite", PROTOCOL, float(np.isfinite(value)), status))
                if np.isfinite(value):
                    rows.append((*key, metric, PROTOCOL, value, status))
    table = pd.DataFrame(rows, columns=list(METRIC_COLUMNS))
    table.insert(0, "experiment", "circle")
    return table


FLOORS = pd.DataFrame(
    [("ring", PROTOCOL, metric, value) for metric, value in {"fair_modes": 8.0, "modes": 8.0}.items()],
    columns=["dataset", "protocol", "metric", "value"],
)


def measurements(study: Study, courses: Mapping[str, Sequence[Sequence[float]]]) -> Measurements:
    """What evidence on the study's claims is drawn from."""
    metrics = long_table(courses)
    return Measurements(run_scores(metrics), metrics, events(metrics, FLOORS, study.experiments))
