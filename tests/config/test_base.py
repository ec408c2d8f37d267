from __future__ import annotations

from pathlib import Path

import pytest

from vigan.config.base import differing_fields
from vigan.config.load import load_study
from vigan.io.files import RecordError, write_json
from vigan.io.run_record import read_run

SMOKE = Path(__file__).parents[2] / "config" / "smoke.yaml"


@pytest.mark.parametrize(
    ("theirs", "fields"),
    [
        ({"a": 1, "b": {"c": [1, 2], "d": {"e": 0.1}}}, []),
        ({"a": 2, "b": {"c": [2, 1], "d": {"e": 0.1}}}, ["a", "b.c"]),
        ({"a": 1, "b": {"c": [1, 2], "d": {}}}, ["b.d.e"]),
        ({"a": 1, "b": {"c": [1, 2], "d": {"e": 0.1, "f": None}}}, ["b.d.f"]),
        ({"a": 1, "b": 3}, ["b"]),
        ({}, ["a", "b"]),
        ([1, 2], ["a", "b"]),
        (None, ["a", "b"]),
    ],
)
def test_fields_that_differ_are_named_by_their_place(theirs: object, fields: list[str]) -> None:
    assert differing_fields({"a": 1, "b": {"c": [1, 2], "d": {"e": 0.1}}}, theirs) == fields


def test_a_record_of_another_config_is_refused_by_the_fields_that_differ(tmp_path: Path) -> None:
    study = load_study(SMOKE)
    mine, theirs = study.run_spec("bn-plain", 0), study.run_spec("bn-regularised", 1)
    record = {
        "spec": theirs.model_dump(mode="json"), "status": "completed", "iterations": 1, "seconds": 1.0, "threads": 1,
        "ledger": {"d_updates": 1, "g_updates": 1, "real_images": 1, "latents": 1},
        "snapshots_sha256": {},
        "weights_sha256": "w", "data_sha256": "d", "code_sha256": "c", "device": "cpu", "versions": {}, "rules": {},
    }  # fmt: skip
    write_json(tmp_path / "run.json", record)
    with pytest.raises(RecordError, match=r"another config \(arm\.lambda_mean, name, seed differ\)"):
        read_run(tmp_path / "run.json", mine)
    assert read_run(tmp_path / "run.json", theirs).spec == theirs
