"""A study of two arms with claims, and its numbers, made up from values that a test writes down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import yaml
from studies import TINY

from vigan.analysis.measured import measured
from vigan.analysis.outcomes import Measurements
from vigan.analysis.raw import Raw
from vigan.config.arms import Ledger
from vigan.config.study import Study
from vigan.io.run_record import RunRecord
from vigan.io.run_tables import METRIC_COLUMNS, NOISE_COLUMNS

Courses = Mapping[str, Sequence[Sequence[float]]]
"""By arm: of every seed from 0 on, its run's values at `STEPS`; NaN where its samples are not finite."""

PROTOCOL = "toy-modes/n=500/ref=train"
STEPS = (0, 20, 40, 60)
NAN = float("nan")

_PAIR = {"statement": "so it is", "place": "here", "arms": ["plain", "regularised"]}
_SCORED = {**_PAIR, "metric": "fair_modes", "protocol": "toy-modes", "direction": "higher", "margin": 1.0}
SIGN = {"id": "sign", "test": "paired-sign", **_SCORED}
MEAN = {"id": "mean", "test": "paired-mean", **_SCORED}
TIME = {"id": "time", "test": "paired-time", **_PAIR, "event": "collapse", "direction": "later", "margin": 0.1}
SHARES = {"id": "shares", "test": "paired-shares", **_PAIR, "event": "collapse", "direction": "less", "margin": 0.2}
SHARE = {
    "id": "share", "test": "share", "statement": "rare", "place": "here", "arm": "regularised", "event": "bad-end",
    "direction": "less", "share": 0.4, "control": "plain",
}  # fmt: skip
OFTEN = {
    "id": "often", "test": "share", "statement": "often", "place": "here", "arm": "plain", "event": "collapse",
    "direction": "more", "share": 0.4,
}  # fmt: skip
CLAIMS = (SIGN, MEAN, TIME, SHARES, SHARE, OFTEN)
COLLAPSE = {"metric": "fair_modes", "protocol": "toy-modes", "below": 0.5}
REACH = {"metric": "fair_modes", "protocol": "toy-modes", "share": 0.5}

GOOD, FALLS, NEVER, DIES = (0.0, 6.0, 7.0, 8.0), (0.0, 6.0, 2.0, 1.0), (0.0, 1.0, 1.0, 2.0), (0.0, 6.0, NAN, NAN)
"""A run that is well, one that collapses at 40, one that never gets on track, and one that diverges at 40."""


def study_of(*claims: Mapping[str, Any], seeds: int = 8, **experiment: Any) -> Study:
    """The tiny ring study with so many seeds, claims, rules for both events, and other settings of its experiment."""
    raw = yaml.safe_load(TINY)
    raw["experiments"]["circle"] |= {"collapse": COLLAPSE, "reach": REACH, **experiment}
    return Study.model_validate({**raw, "seeds": [*range(seeds)], "claims": [dict(claim) for claim in claims]})


def three_arms(*claims: Mapping[str, Any], seeds: int = 8) -> Study:
    """The same with an arm more, "third"."""
    arms = yaml.safe_load(TINY)["experiments"]["circle"]["arms"]
    return study_of(*claims, seeds=seeds, arms={**arms, "third": arms["plain"]})


def long_table(courses: Courses, metric: str = "fair_modes", protocol: str = PROTOCOL) -> pd.DataFrame:
    """The long table of runs with these courses."""
    rows = []
    for arm, runs in courses.items():
        for seed, values in enumerate(runs):
            status = "completed" if np.isfinite(values).all() else "diverged"
            for step, value in zip(STEPS, values, strict=True):
                key = (arm, "released", seed, step, 32 * step, step, 2 * step)
                rows.append((*key, "finite", protocol, float(np.isfinite(value)), status))
                if np.isfinite(value):
                    rows.append((*key, metric, protocol, value, status))
    table = pd.DataFrame(rows, columns=list(METRIC_COLUMNS))
    table.insert(0, "experiment", "circle")
    return table


FLOORS = pd.DataFrame(
    [("ring", PROTOCOL, metric, value) for metric, value in {"fair_modes": 8.0, "modes": 8.0}.items()],
    columns=["dataset", "protocol", "metric", "value"],
)


def measurements(study: Study, courses: Courses) -> Measurements:
    """What the outcomes of the study's claims are drawn from."""
    return measured(long_table(courses), FLOORS, study.experiments)


def raw_of(study: Study, courses: Courses, rules: Mapping[int, Study | Mapping[str, Any]] | None = None) -> Raw:
    """The raw numbers of a study's runs.

    Each run keeps the rules of `study`, or by seed those of another study, or others.
    """
    metrics = long_table(courses)
    runs = [(arm, seed) for arm, values in courses.items() for seed in range(len(values))]
    telemetry = pd.DataFrame(
        [("circle", arm, "released", seed, at, 1 / (1 + at + seed)) for arm, seed in runs for at in (20, 40, 60)],
        columns=["experiment", "arm", "reading", "seed", "iteration", "d_loss"],
    )
    redrawn = [
        ("circle", arm, "released", seed, 60, draw, "fair_modes", PROTOCOL, 7.0 + 0.1 * draw + seed / 3)
        for arm, seed in runs for draw in (1, 2)
    ]  # fmt: skip
    return Raw(
        [("circle", _record(study, courses, run, (rules or {}).get(run[1], study))) for run in runs],
        metrics,
        pd.DataFrame(redrawn, columns=["experiment", *NOISE_COLUMNS]),
        telemetry,
        {(arm, "d_loss") for arm in courses},
        FLOORS.assign(),
    )


def _record(study: Study, courses: Courses, run: tuple[str, int], rules: Study | Mapping[str, Any]) -> RunRecord:
    arm, seed = run
    spec = study.run_spec(arm).model_copy(update={"seed": seed})
    return RunRecord(
        spec=spec, status="completed" if np.isfinite(courses[arm][seed]).all() else "diverged",
        iterations=spec.iterations, ledger=Ledger.of(spec.arm, spec.iterations), weights_sha256="w",
        snapshots_sha256={"60.safetensors": "s"}, data_sha256="d", code_sha256="c", device="cpu", threads=1,
        versions={"torch": "2"}, seconds=1.5 + seed,
        rules=rules.rules(arm) if isinstance(rules, Study) else dict(rules),
    )  # fmt: skip
