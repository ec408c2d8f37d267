"""Join a study's runs into its raw numbers, and derive its tables from these: estimates, differences, verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vigan.analysis import estimates, events, tables
from vigan.analysis.claim_table import claim_table
from vigan.analysis.elsewhere import judged, on_common_steps
from vigan.analysis.history import history
from vigan.analysis.measured import measured
from vigan.analysis.metric_bounds import bounds_in
from vigan.analysis.raw import Raw, collect, write_raw
from vigan.analysis.tables import NOT_TRAINED
from vigan.analysis.time_to_event import time_to_event_table
from vigan.config.elsewhere import READING
from vigan.config.study import Study
from vigan.contents import TABLES
from vigan.errors import shown
from vigan.io.elsewhere_record import ElsewhereFiles, ElsewhereRecord
from vigan.io.files import write_text
from vigan.io.run_record import RunFiles
from vigan.layout import FIRST_VERDICTS


def analyse(
    study: Study,
    runs: Sequence[RunFiles],
    floors: Sequence[tuple[str, Path]],
    results: Path,
    elsewhere: Sequence[ElsewhereFiles] = (),
) -> None:
    """Write a study's raw numbers and `TABLES` into its folder. Raises RecordError naming a file that is malformed."""
    raw = collect(runs, floors, elsewhere)
    write_raw(raw, results / "raw")
    for name, text in derive(study, raw, results / FIRST_VERDICTS).items():
        write_text(results / "tables" / f"{name}.csv", text)


def derive(study: Study, raw: Raw, first_verdicts: Path) -> dict[str, str]:
    """All `TABLES` as CSV, from the raw numbers and the table of first verdicts, if there is one."""
    bounds, metrics = bounds_in(study), judged(raw.metrics)
    found = measured(raw.metrics, raw.floors, study.experiments)
    run_table, scores, event_table = tables.run_table(raw.records, raw.elsewhere), found.scores, found.events
    pairs = estimates.paired_differences(scores, study.pairs())
    made = {
        "arms": arm_table(study, {record.arm: record for _, record in raw.elsewhere}),
        "runs": run_table,
        "timing": tables.timing_table(raw.records),
        "metrics": raw.metrics,
        "telemetry": raw.telemetry,
        "floors": pd.concat([raw.floors, stated_floors(study)]) if study.elsewhere else raw.floors,
        "curves": estimates.curves(on_common_steps(metrics), bounds),
        "telemetry-curves": estimates.telemetry_curves(raw.telemetry, raw.logged),
        "scores": scores,
        "summary": estimates.summary(scores, run_table, bounds),
        "pairs": pairs,
        "pair-summary": estimates.pair_summary(pairs, bounds),
        "claims": claim_table(study, found, history(study, raw, first_verdicts)),
        "events": event_table,
        "speed": time_to_event_table(event_table, study.experiments),
        "survival": events.survival(event_table),
        "incidence": events.incidence(event_table),
        "sensitivity": events.sensitivity(metrics, raw.floors, study.experiments),
        "noise": estimates.noise(raw.noise, scores),
    }
    return {name: made[name].to_csv(index=False, lineterminator="\n") for name in TABLES}


def stated_floors(study: Study) -> pd.DataFrame:
    """What real data have by protocols that were measured elsewhere, as the study states it."""
    rows = [
        (experiment.data_name(name), protocol.name, metric, value)
        for name, experiment in study.experiments.items()
        for protocol in experiment.protocols
        for metric, value in protocol.real
    ]
    return pd.DataFrame(rows, columns=["dataset", "protocol", "metric", "value"])


def arm_table(study: Study, elsewhere: Mapping[str, ElsewhereRecord] | None = None) -> pd.DataFrame:
    """One row per arm: its settings, flattened, with n and its number of iterations.

    Of an arm from elsewhere, where its numbers are from, which of those there, how many runs were found, and what is to
    be told of them.
    """
    rows: list[dict[Any, object]] = []
    found = elsewhere or {}
    for name, experiment in study.experiments.items():
        for arm_name, arm in experiment.arms.items():
            settings = pd.json_normalize(arm.model_dump(mode="json"), sep=".").iloc[0].to_dict()
            settings["updates_per_batch"] = arm.k
            settings |= {f"stabilisers.{stabiliser}": "on" for stabiliser, own in arm.stabilisers.items() if not own}
            row = {"experiment": name, "arm": arm_name, "dataset": experiment.dataset}
            row |= {"n": len(study.seeds_of(arm_name)), "iterations": experiment.iterations}
            rows.append(row | settings)
        rows += [
            _elsewhere_row(study, name, arm, record) for arm, record in found.items() if arm in experiment.elsewhere
        ]
    return pd.DataFrame(rows)


def _elsewhere_row(study: Study, home: str, name: str, record: ElsewhereRecord) -> dict[str, object]:
    experiment, arm = study.experiments[home], study.elsewhere_arm(name)
    picked = arm.origin.model_dump(mode="json", include={"where", "runs"})
    row: dict[str, object] = {
        "experiment": home, "arm": name, "dataset": experiment.data_name(home), "n": len(record.runs),
        "iterations": experiment.iterations, "reading": READING, "trained": NOT_TRAINED, "from": arm.origin.format,
        "path": arm.origin.path, "about": arm.about, "told": " ".join(record.told) or None,
    }  # fmt: skip
    return row | {key: shown(json.dumps(value, ensure_ascii=False)) for key, value in picked.items() if value}
