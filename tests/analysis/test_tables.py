"""Per-run files become tables only if they are what they claim to be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.api.types import is_numeric_dtype
from studies import forge

from vigan.analysis.tables import (
    NUMBERS,
    TEXT,
    floor_table,
    metric_table,
    read_table,
    run_table,
    telemetry_table,
    timing_table,
)
from vigan.io.files import RecordError
from vigan.io.run_record import RunFiles, RunRecord
from vigan.io.run_tables import METRIC_COLUMNS

from .conftest import PROTOCOL, spec_of


def _records(runs: Sequence[RunFiles]) -> list[tuple[str, RunRecord]]:
    return [(run.experiment, run.record()) for run in runs]


def test_a_run_is_one_row_with_its_end_its_cost_and_its_digests(trained: RunFiles) -> None:
    (row,) = run_table(_records([trained])).to_dict("records")
    assert (row["experiment"], row["arm"], row["reading"], row["seed"]) == ("ring", "plain", "released", 0)
    assert (row["status"], row["iterations"]) == ("completed", 60)
    assert (row["d_updates"], row["g_updates"], row["real_images"], row["latents"]) == (60, 120, 3840, 7680)
    assert (row["weights_sha256"], row["data_sha256"], row["code_sha256"]) == ("w", "d", "c")
    assert row["config_sha256"] == trained.spec.digest
    assert "seconds" not in row


def test_seconds_and_versions_stand_in_a_table_of_their_own(trained: RunFiles) -> None:
    (row,) = timing_table(_records([trained])).to_dict("records")
    assert (row["arm"], row["seconds"], row["torch"]) == ("plain", 1.5, "2")
    assert np.isnan([row["joules_cpu"], row["joules_gpu"]]).all()


def test_joules_stand_beside_them_where_they_were_counted(trained: RunFiles) -> None:
    forge(trained.folder / "run.json", joules={"gpu": 40.5})
    (row,) = timing_table(_records([trained])).to_dict("records")
    assert row["joules_gpu"] == 40.5
    assert np.isnan(row["joules_cpu"])


def test_a_run_trained_under_another_config_is_refused_and_what_differs_is_named(trained: RunFiles) -> None:
    stale = trained._replace(spec=spec_of(weight=1.0).model_copy(update={"iterations": 80}))
    with pytest.raises(RecordError, match=r"run\.json: trained under another config .*iterations") as refusal:
        _records([stale])
    assert "lambda" in str(refusal.value) or "arm" in str(refusal.value)
    assert "seed" not in str(refusal.value).split("config", 1)[1].partition(";")[0]


def test_a_missing_record_is_named(trained: RunFiles) -> None:
    (trained.folder / "run.json").unlink()
    with pytest.raises(RecordError, match=r"run\.json"):
        _records([trained])


def test_a_record_that_is_none_says_where(trained: RunFiles) -> None:
    forge(trained.folder / "run.json", status="stopped")
    with pytest.raises(RecordError, match=r"run\.json: not a run record \(status"):
        _records([trained])


def test_the_long_table_says_of_which_experiment_each_number_is(trained: RunFiles) -> None:
    table = metric_table([trained, trained._replace(experiment="again")])
    assert tuple(table.columns) == ("experiment", *METRIC_COLUMNS)
    assert table["experiment"].tolist() == ["ring", "ring", "again", "again"]
    assert table["value"].tolist() == [1.0, 8.0, 1.0, 8.0]


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.rename(columns={"value": "score"}),
        lambda table: table.drop(columns="status"),
        lambda table: table.assign(extra=1),
        lambda table: table[table.columns[::-1]],
    ],
    ids=["renamed", "missing", "extra", "turned"],
)
def test_a_table_with_other_columns_is_refused_by_name(trained: RunFiles, change) -> None:
    file = trained.folder / "metrics.csv"
    change(pd.read_csv(file)).to_csv(file, index=False)
    with pytest.raises(RecordError, match=r"metrics\.csv: other columns than it should have; evaluate the run again"):
        metric_table([trained])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00"], ids=["empty", "not text"])
def test_a_file_that_is_no_table_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "metrics.csv"
    file.write_bytes(content)
    with pytest.raises(RecordError, match=r"metrics\.csv: cannot be read as a table"):
        read_table(file)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"metrics\.csv"):
        read_table(tmp_path / "metrics.csv")


def test_what_makes_a_table_is_named_also_where_a_repository_leaves_it_out(tmp_path: Path) -> None:
    (tmp_path / "ring" / "tables").mkdir(parents=True)
    tables = {name: tmp_path / "ring" / "tables" / f"{name}.csv" for name in ("curves", "claims")}
    with pytest.raises(RecordError, match=r"curves\.csv: not there yet; `vigan analyse` makes it"):
        read_table(tables["curves"])
    (tmp_path / "ring" / "raw").mkdir()
    with pytest.raises(RecordError, match=r"curves\.csv: not there yet; `vigan audit --write ring` makes it"):
        read_table(tables["curves"])
    with pytest.raises(RecordError, match=r"claims\.csv: not there yet; `vigan analyse` makes it"):
        read_table(tables["claims"])


def test_telemetry_names_its_run_in_front_of_every_row(trained: RunFiles) -> None:
    table = telemetry_table([trained])
    assert list(table) == ["experiment", "arm", "reading", "seed", "iteration", "d_loss"]
    assert table.to_numpy().tolist() == [
        ["ring", "plain", "released", 0, 20, 1.0],
        ["ring", "plain", "released", 0, 40, 0.5],
    ]


def test_floors_are_one_row_per_data_set_protocol_and_metric(tmp_path: Path) -> None:
    files = []
    for name, floor in {"ring": {"modes": 8.0, "high_quality": 0.99}, "grid": {"modes": 25.0}}.items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps({"protocol": PROTOCOL, "data_sha256": "d", "floor": floor}))
        files.append((name, file))
    assert floor_table(files).to_numpy().tolist() == [
        ["ring", PROTOCOL, "modes", 8.0],
        ["ring", PROTOCOL, "high_quality", 0.99],
        ["grid", PROTOCOL, "modes", 25.0],
    ]


def test_a_missing_floor_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"floor\.json"):
        floor_table([("ring", tmp_path / "floor.json")])


NUMBERLIKE = ["1", "1e5", "007", "nan", "na", "null", "none", "inf", "true", "2-10", "0x1f"]


def test_names_that_look_like_numbers_or_like_nothing_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = pd.DataFrame(
        {"arm": NUMBERLIKE, "metric": NUMBERLIKE, "torch": "2.10", "seed": 3, "value": 0.5, "reason": None}
    )
    written.to_csv(tmp_path / "table.csv", index=False)
    found = read_table(tmp_path / "table.csv")
    assert list(found["arm"]) == list(found["metric"]) == NUMBERLIKE
    assert set(found["torch"]) == {"2.10"}
    assert (found["seed"].dtype, found["value"].dtype) == (np.int64, np.float64)
    assert found["reason"].isna().all()


@pytest.mark.parametrize("spoilt", ["abc", "null", "[]", "1,2", "1.2.3"])
def test_a_word_among_numbers_is_named(spoilt: str, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(f'arm,value\nplain,0.5\nplain,"{spoilt}"\n')
    with pytest.raises(RecordError, match=r"table\.csv: column 'value' holds what is no number"):
        read_table(tmp_path / "table.csv")


def test_every_column_of_the_kept_tables_is_of_the_type_that_is_known_of_it() -> None:
    """Text that pandas would read as numbers must be named among `TEXT`; numbers are read as such."""
    tables = sorted((Path(__file__).parents[2] / "results").glob("*/tables/*.csv"))
    assert tables
    for path in tables:
        table = read_table(path)
        assert not TEXT & NUMBERS
        assert all(not is_numeric_dtype(table[column]) for column in TEXT & set(table) if table[column].notna().any())


@pytest.mark.parametrize(
    "floor", ['{"protocol": 1, "floor": {}}', '{"floor": {}}', "[]", '{"protocol": "p", "floor": {"a": "x"}}']
)
def test_values_of_real_data_that_are_none_are_named(floor: str, tmp_path: Path) -> None:
    (tmp_path / "floor.json").write_text(floor)
    with pytest.raises(RecordError, match=r"floor\.json: not the values of real data"):
        floor_table([("ring", tmp_path / "floor.json")])
