"""Join a study's runs into its raw numbers, and derive from these its tables: estimates, differences, verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from vigan.analysis import estimates, events, tables
from vigan.analysis.claim_table import claim_table
from vigan.analysis.history import history
from vigan.analysis.metric_bounds import bounds_in
from vigan.analysis.outcomes import Measurements
from vigan.analysis.raw import Raw, collect, write_raw
from vigan.analysis.time_to_event import time_to_event_table
from vigan.config.study import Study
from vigan.io.files import write_text
from vigan.io.run_record import RunFiles
from vigan.layout import TABLES


def analyse(study: Study, runs: Sequence[RunFiles], floors: Sequence[tuple[str, Path]], results: Path) -> None:
    """Write a study's raw numbers and `TABLES` into its folder. Raises RecordError naming a file that is malformed."""
    raw = collect(runs, floors)
    write_raw(raw, results / "raw")
    for name, text in derive(study, raw, results / "first-verdicts.csv").items():
        write_text(results / "tables" / f"{name}.csv", text)


def derive(study: Study, raw: Raw, first_verdicts: Path) -> dict[str, str]:
    """Every one of `TABLES` as CSV, from the raw numbers and from verdicts that earlier rules gave, if any are kept."""
    bounds = bounds_in(study)
    run_table, scores = tables.run_table(raw.records), estimates.run_scores(raw.metrics)
    pairs = estimates.paired_differences(scores, study.pairs())
    event_table = events.events(raw.metrics, raw.floors, study.experiments)
    made = {
        "arms": arm_table(study),
        "runs": run_table,
        "timing": tables.timing_table(raw.records),
        "metrics": raw.metrics,
        "telemetry": raw.telemetry,
        "floors": raw.floors,
        "curves": estimates.curves(raw.metrics, bounds),
        "telemetry-curves": estimates.telemetry_curves(raw.telemetry, raw.logged),
        "scores": scores,
        "summary": estimates.summary(scores, run_table, bounds),
        "pairs": pairs,
        "pair-summary": estimates.pair_summary(pairs, bounds),
        "claims": claim_table(study, Measurements(scores, event_table), history(study, raw, first_verdicts)),
        "events": event_table,
        "speed": time_to_event_table(event_table, study.experiments),
        "survival": events.survival(event_table),
        "incidence": events.incidence(event_table),
        "sensitivity": events.sensitivity(raw.metrics, raw.floors, study.experiments),
        "noise": estimates.noise(raw.noise, scores),
    }
    return {name: made[name].to_csv(index=False, lineterminator="\n") for name in TABLES}


def arm_table(study: Study) -> pd.DataFrame:
    """One row an arm: its settings flattened, with n and what one iteration does."""
    rows = []
    for name, experiment in study.experiments.items():
        for arm_name, arm in experiment.arms.items():
            settings = pd.json_normalize(arm.model_dump(mode="json"), sep=".").iloc[0].to_dict()
            settings["updates_per_batch"] = arm.k
            settings |= {f"stabilisers.{stabiliser}": "on" for stabiliser, own in arm.stabilisers.items() if not own}
            row = {"experiment": name, "arm": arm_name, "dataset": experiment.dataset}
            row |= {"n": len(study.seeds_of(arm_name)), "iterations": experiment.iterations}
            rows.append(row | settings)
    return pd.DataFrame(rows)
