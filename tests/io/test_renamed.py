"""What earlier versions kept is read as today's, and its digests are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kept import ROOT, kept

from vigan.config.base import digest_of
from vigan.config.load import load_study
from vigan.io.renamed import as_current, earlier_digests
from vigan.io.run_record import RunFiles, RunRecord
from vigan.stages.freshness import check_tables

TOY = load_study(ROOT / "config" / "toy.yaml")
EARLIER: dict[str, list[dict[str, float]]] = {
    "ring-k5-clip": [{"clip": 0.1}, {"grad_clip": 0.1}],
    "ring-k5-average": [{"average": 0.999}, {"ema": 0.999}],
    "ring-k5-spectral": [{"spectral": 1.0}, {"spectral_norm": 1.0}],
    "ring-k5-r1": [{"r1": 1.0}, {"r1": 1.0}],
    "ring-k5-l1": [{}, {}],
}


def record(arm: str, stabilisers: dict[str, float]) -> dict[str, Any]:
    spec = TOY.run_spec(arm, 32).model_dump(mode="json")
    return {**spec, "arm": {**spec["arm"], "stabilisers": stabilisers}}


@pytest.mark.parametrize("arm", EARLIER)
def test_a_spec_of_an_earlier_version_is_read_as_today_s_and_its_digest_is_known(arm: str) -> None:
    today = TOY.run_spec(arm, 32)
    for stabilisers in EARLIER[arm]:
        earlier = record(arm, stabilisers)
        assert type(today).model_validate(as_current(earlier)) == today
        assert digest_of(earlier) in {today.digest, *earlier_digests(today)}
    assert bool(earlier_digests(today)) == bool(today.arm.stabilisers)
    assert as_current(today.model_dump(mode="json")) == today.model_dump(mode="json")


@pytest.mark.parametrize("spec", [None, 3, {}, {"arm": None}, {"arm": {"stabilisers": None}}], ids=str)
def test_what_is_no_spec_is_left_to_whoever_reads_it(spec: Any) -> None:
    assert as_current(spec) == spec


def test_a_run_s_record_is_read_whatever_version_wrote_it() -> None:
    kept_by_earlier = {
        "spec": record("ring-k5-clip", {"clip": 0.1}), "status": "completed", "iterations": 1,
        "ledger": {"d_updates": 1, "g_updates": 1, "real_images": 1, "latents": 1}, "weights_sha256": "",
        "snapshots_sha256": {}, "data_sha256": "", "code_sha256": "", "device": "cpu", "threads": 1, "versions": {},
        "seconds": 1.0, "rules": {},
    }  # fmt: skip
    assert RunRecord.model_validate(kept_by_earlier).spec == TOY.run_spec("ring-k5-clip", 32)


@pytest.mark.parametrize("table", kept("results/*/tables/runs.csv"), ids=lambda path: path.parts[-3])
def test_every_kept_table_is_of_the_runs_that_its_study_describes_today(table: Path) -> None:
    study = load_study(ROOT / "config" / f"{table.parts[-3]}.yaml")
    runs = [RunFiles("", Path(), study.run_spec(run.arm, run.seed)) for run in study.runs()]
    check_tables(table.parent, runs)
    assert len(runs) == len(pd.read_csv(table))
