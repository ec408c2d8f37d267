"""Join a study's runs into its tables: raw long tables, estimates over seeds, paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from vigan.analysis import estimates, events, tables
from vigan.analysis.evidence import Measurements
from vigan.analysis.metric_bounds import possible
from vigan.analysis.time_to_event import speed
from vigan.analysis.verdicts import claim_table
from vigan.config.claims import Untested, arms_of
from vigan.config.study import Study
from vigan.io.files import write_text
from vigan.io.run_record import RunFiles
from vigan.layout import TABLES


def analyse(study: Study, runs: Sequence[RunFiles], floors: Sequence[tuple[str, Path]], out: Path) -> None:
    """Write `TABLES` into `out`. Raises RecordError naming a file that is missing or malformed."""
    metrics, telemetry = tables.metric_table(runs, study.study), tables.telemetry_table(runs)
    run_table, scores = tables.run_table(runs), estimates.run_scores(metrics)
    pairs = estimates.paired_differences(scores, study.pairs())
    floor = tables.floor_table(floors)
    happened = events.events(metrics, floor, study.experiments)
    made = {
        "arms": arm_table(study),
        "runs": run_table,
        "timing": tables.timing_table(runs),
        "metrics": metrics,
        "telemetry": telemetry,
        "floors": floor,
        "curves": possible(estimates.curves(metrics), study),
        "telemetry-curves": estimates.telemetry_curves(telemetry, tables.telemetry_columns(runs)),
        "scores": scores,
        "summary": possible(estimates.summary(scores, run_table), study),
        "pairs": pairs,
        "pair-summary": possible(estimates.pair_summary(pairs), study, differences=True),
        "claims": claim_table(study, Measurements(scores, metrics, happened), edited_claims(study, runs)),
        "events": happened,
        "speed": speed(happened, study.experiments),
        "survival": events.survival(happened),
        "sensitivity": events.sensitivity(metrics, floor, study.experiments),
        "noise": estimates.noise(tables.noise_table(runs), scores),
    }
    for name in TABLES:
        write_text(out / f"{name}.csv", made[name].to_csv(index=False, lineterminator="\n"))


def edited_claims(study: Study, runs: Sequence[RunFiles]) -> list[str]:
    """Ids of claims whose rule now is not the one kept with their runs: it was written or changed after the data."""
    now = study.rules()
    kept = {run.spec.name: [] for run in runs}
    for run in runs:
        kept[run.spec.name].append(run.record().rules)
    return [
        claim.id
        for claim in study.claims
        if not isinstance(claim, Untested)
        and any(rules.get(claim.id) != now[claim.id] for arm in arms_of(claim) for rules in kept[arm])
    ]


def arm_table(study: Study) -> pd.DataFrame:
    """One row an arm: its settings flattened, with n and what one iteration does."""
    rows = []
    for name, experiment in study.experiments.items():
        for arm_name, arm in experiment.arms.items():
            settings = pd.json_normalize(arm.model_dump(mode="json"), sep=".").iloc[0].to_dict()
            settings["updates_per_batch"] = arm.k
            row = {"experiment": name, "arm": arm_name, "dataset": experiment.dataset}
            row |= {"n": len(study.seeds_of(arm_name)), "iterations": experiment.iterations}
            rows.append(row | settings)
    return pd.DataFrame(rows)
