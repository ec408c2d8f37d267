"""How often verdicts are false, and how often an effect is found: whole simulated studies, judged as real ones are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vigan.analysis.estimates import run_scores
from vigan.analysis.events import events
from vigan.analysis.evidence import Measurements
from vigan.analysis.survival import share_interval
from vigan.analysis.verdicts import claim_table
from vigan.config.study import Study
from vigan.io.run_tables import METRIC_COLUMNS

ARMS = ("plain", "regularised")
MODES, EVALUATIONS = 8, 16
LEARNT = 3
HELD_AFTER = 3  # modes held after a collapse: 0 to 3, equally likely
SHARED = 0.3  # share of seeds whose fate is one for both arms: pairs are alike
PROTOCOL = "toy-modes/n=2500/ref=train"

CLAIMS = [
    {"id": "difference", "test": "paired-permutation", "arms": ARMS, "metric": "fair_modes", "protocol": "toy-modes",
     "direction": "higher", "smallest_effect": 1.0},
    {"id": "timing", "test": "log-rank", "arms": ARMS, "event": "collapse", "direction": "later",
     "smallest_effect": 0.1},
    {"id": "occurrence", "test": "binomial", "arm": ARMS[1], "event": "collapse", "direction": "less",
     "smallest_effect": 0.2},
]  # fmt: skip


class Truth(NamedTuple):
    """Chances that a run of either arm collapses, and which verdict on which claims would be false."""

    plain: float
    regularised: float
    false: tuple[tuple[str, str], ...]


_IDS = tuple(str(claim["id"]) for claim in CLAIMS)
TRUTHS = {
    "no effect": Truth(0.5, 0.5, tuple((claim, "supported") for claim in _IDS)),
    "no collapse": Truth(0.0, 0.0, (("difference", "supported"), ("timing", "supported"))),
    "harm": Truth(0.3, 0.6, tuple((claim, "supported") for claim in _IDS)),
    "smallest difference": Truth(0.5, 0.5 - 1 / 6.5, (("difference", "contradicted"),)),
    "smallest delay": Truth(0.3 + 0.1 / 0.375, 0.3, (("timing", "contradicted"), ("occurrence", "contradicted"))),
    "effect": Truth(0.8, 0.1, tuple((claim, "contradicted") for claim in _IDS)),
}
"""A collapse costs 6.5 modes at the end and, on average, 0.375 of training: hence the two smallest effects."""


def study() -> Study:
    """The study that is simulated: a ring, two arms, three claims."""
    said = {"quotation": "simulated", "place": "simulated", "least_n": 3}
    arms = {name: {"lambda_sum": weight} for name, weight in zip(ARMS, (0.0, 1.0), strict=True)}
    experiment = {
        "title": "Simulated", "dataset": "ring", "iterations": EVALUATIONS, "snapshots": EVALUATIONS,
        "protocols": [{"kind": "toy-modes", "samples": 2500}], "arms": arms,
        "collapse": {"metric": "fair_modes", "protocol": "toy-modes", "below": 0.5, "once_above": 4.0},
        "shared": {"network": {"kind": "mlp"}, "reading": "released", "d_batches": 1, "g_batches": 1},
    }  # fmt: skip
    return Study.model_validate({
        "study": "simulated", "title": "Simulated", "seeds": [0], "datasets": {"ring": {"source": "ring"}},
        "experiments": {"ring": experiment}, "claims": [{**claim, **said} for claim in CLAIMS],
    })  # fmt: skip


def verdicts(
    simulations: int, seed: int, sizes: Sequence[int], truths: Sequence[str] = tuple(TRUTHS)
) -> Iterator[dict[str, Any]]:
    """One row per truth, n and claim: the share of each verdict, and of studies with any false one."""
    simulated = study()
    for name, n in product(truths, sizes):
        truth = TRUTHS[name]
        rng = np.random.default_rng([seed, n])
        tables = [_judged(simulated, truth, n, rng) for _ in range(simulations)]
        wrong = sum(any(table[claim] == verdict for claim, verdict in truth.false) for table in tables)
        errors = share_interval(wrong, simulations)
        for claim in _IDS:
            counts = Counter(table[claim] for table in tables)
            shares = {v: counts[v] / simulations for v in ("supported", "contradicted", "inconclusive")}
            told = {"false_studies": errors.estimate, "false_low": errors.low, "false_high": errors.high}
            yield {"truth": name, "n": n, "claim": claim, **shares, **told}


def _judged(simulated: Study, truth: Truth, n: int, rng: np.random.Generator) -> dict[str, str]:
    metrics = _long_table(truth, n, rng)
    happened = events(metrics, _FLOORS, simulated.experiments)
    table = claim_table(simulated, Measurements(run_scores(metrics), metrics, happened), ())
    return dict(zip(table["id"], table["verdict"], strict=True))


_FLOORS = pd.DataFrame(
    [("ring", PROTOCOL, "fair_modes", float(MODES))], columns=["dataset", "protocol", "metric", "value"]
)


def _long_table(truth: Truth, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Runs that learn all modes and, by chance, lose most of them for good at some evaluation."""
    fates = rng.uniform(size=(2, n))
    fates[1] = np.where(rng.uniform(size=n) < SHARED, fates[0], fates[1])
    collapses = fates < np.array([[truth.plain], [truth.regularised]])
    steps = np.arange(EVALUATIONS + 1)
    level = np.minimum(MODES, np.ceil(MODES * steps / LEARNT))
    onset = rng.integers(LEARNT + 1, EVALUATIONS + 1, (2, n, 1))
    held = rng.integers(0, HELD_AFTER + 1, (2, n, 1))
    values = np.where(collapses[..., None] & (steps >= onset), held, level)
    return _table(np.broadcast_to(values, (2, n, len(steps))).astype(float))


def _table(values: np.ndarray) -> pd.DataFrame:
    """The long table of runs whose metric has `values` (arms, seeds, steps)."""
    arm, seed, step = (index.ravel() for index in np.indices(values.shape))
    runs = {"experiment": "ring", "arm": np.array(ARMS)[arm], "reading": "released", "seed": seed, "step": step}
    told = {"images": 0, "d_updates": 0, "g_updates": 0, "protocol": PROTOCOL, "status": "completed"}
    finite = pd.DataFrame({**runs, "metric": "finite", "value": 1.0, **told})
    measured = pd.DataFrame({**runs, "metric": "fair_modes", "value": values.ravel(), **told})
    return pd.concat([finite, measured], ignore_index=True)[["experiment", *METRIC_COLUMNS]]
