"""Join a study's runs into its tables: raw long tables, estimates over seeds, paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from vigan.analysis import estimates, tables
from vigan.config.study import Study
from vigan.layout import TABLES
from vigan.records import write_text
from vigan.schemas import RunFiles


def analyse(study: Study, runs: Sequence[RunFiles], floors: Sequence[tuple[str, Path]], out: Path) -> None:
    """Write `TABLES` into `out`. Raises RecordError naming a file that is missing or malformed."""
    metrics, telemetry = tables.metric_table(runs, study.study), tables.telemetry_table(runs)
    run_table, scores = tables.run_table(runs), estimates.run_scores(metrics)
    pairs = estimates.paired_differences(scores, study.pairs())
    made = {
        "arms": arm_table(study),
        "runs": run_table,
        "timing": tables.timing_table(runs),
        "metrics": metrics,
        "telemetry": telemetry,
        "floors": tables.floor_table(floors),
        "curves": estimates.curves(metrics),
        "telemetry-curves": estimates.telemetry_curves(telemetry),
        "scores": scores,
        "summary": estimates.summary(scores, run_table),
        "pairs": pairs,
        "pair-summary": estimates.pair_summary(pairs),
    }
    for name in TABLES:
        write_text(out / f"{name}.csv", made[name].to_csv(index=False, lineterminator="\n"))


def arm_table(study: Study) -> pd.DataFrame:
    """One row an arm: its settings flattened, with n and what one iteration does."""
    rows = []
    for name, experiment in study.experiments.items():
        for arm_name, arm in experiment.arms.items():
            seeds = experiment.seeds or study.seeds
            settings = pd.json_normalize(arm.model_dump(mode="json"), sep=".").iloc[0].to_dict()
            settings["updates_per_batch"] = arm.k
            row = {"experiment": name, "arm": arm_name, "dataset": experiment.dataset, "n": len(seeds)}
            rows.append({**row, "iterations": experiment.iterations, **settings})
    return pd.DataFrame(rows)
