"""A study's raw numbers come back from their files as they were, or are refused in one line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vigan.analysis.raw import Raw, collect, read_raw, write_raw
from vigan.contents import RAW_FILES
from vigan.io.files import RecordError
from vigan.io.run_record import RunFiles
from vigan.io.run_tables import NOISE_COLUMNS
from vigan.stages.analyse import derive

from .studied import CLAIMS, DIES, FALLS, GOOD, NEVER, raw_of, study_of

STUDY = study_of(*CLAIMS, seeds=6)
COURSES = {"plain": [FALLS, (0.0, 1 / 3, 6.1, 0.1 + 0.2), DIES, NEVER, GOOD, GOOD], "regularised": [GOOD] * 6}
RAW = raw_of(STUDY, COURSES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_raw(RAW, tmp_path)
    return tmp_path


def test_every_file_of_raw_numbers_is_written_and_no_other(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == set(RAW_FILES)


def test_raw_numbers_come_back_as_they_were(folder: Path) -> None:
    back = read_raw(folder)
    for name in ("metrics", "noise", "telemetry", "floors"):
        pd.testing.assert_frame_equal(getattr(back, name), getattr(RAW, name), check_exact=True)
    assert back.logged == RAW.logged
    assert [(name, record.model_copy(update={"snapshots_sha256": {}})) for name, record in RAW.records] == back.records


def test_tables_from_the_files_are_those_from_the_runs_to_the_byte(folder: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "first-verdicts.csv"
    assert derive(STUDY, read_raw(folder), nowhere) == derive(STUDY, RAW, nowhere)


def test_every_bit_of_a_number_survives(tmp_path: Path) -> None:
    values = [0.1 + 0.2, 1 / 3, 2.0794415416798357, 5e-324, 1.7976931348623157e308, 123456789.123456789]
    table = pd.concat([RAW.metrics.iloc[: len(values)].assign(value=values)], ignore_index=True)
    write_raw(RAW._replace(metrics=table), tmp_path)
    assert read_raw(tmp_path).metrics["value"].tolist() == values


def test_the_same_numbers_are_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_raw(read_raw(folder), tmp_path / "again")
    for name in RAW_FILES:
        content = (tmp_path / "again" / name).read_bytes()
        assert content == (folder / name).read_bytes(), name
        assert not name.endswith(".gz") or content[4:8] == bytes(4), "no time of writing"


def test_a_study_without_redraws_has_a_table_of_none(tmp_path: Path) -> None:
    none = pd.DataFrame(columns=["experiment", *NOISE_COLUMNS])
    write_raw(RAW._replace(noise=none), tmp_path)
    assert list(read_raw(tmp_path).noise) == list(none)
    nowhere = tmp_path / "first-verdicts.csv"
    assert derive(STUDY, read_raw(tmp_path), nowhere)["noise"].count("\n") == 1


def test_raw_numbers_are_those_of_the_runs_files(trained: RunFiles, tmp_path: Path) -> None:
    columns = ",".join(NOISE_COLUMNS)
    (trained.folder / "noise.csv").write_text(f"{columns}\nplain,released,0,60,1,modes,toy-modes/n=500/ref=train,7.5\n")
    floor = tmp_path / "floor.json"
    floor.write_text(json.dumps({"protocol": "toy-modes/n=500/ref=train", "floor": {"modes": 8.0}}))
    raw = collect([trained], [("ring", floor)])
    assert raw.records == [("ring", trained.record())]
    assert raw.metrics["value"].tolist() == [1.0, 8.0]
    assert raw.noise["value"].tolist() == [7.5]
    assert raw.telemetry["d_loss"].tolist() == [1.0, 0.5]
    assert raw.logged == {("plain", "iteration"), ("plain", "d_loss")}
    assert raw.floors["value"].tolist() == [8.0]


def _refusal(folder: Path) -> str:
    with pytest.raises(RecordError) as caught:
        read_raw(folder)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.parametrize("name", RAW_FILES)
def test_a_missing_file_is_named_in_one_line(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert str(folder / name) in _refusal(folder)


def test_a_study_without_raw_numbers_is_told_so(tmp_path: Path) -> None:
    assert _refusal(tmp_path / "raw").endswith(
        f"missing; run `vigan analyse --config STUDY`, or copy {tmp_path / 'raw'} from where it was run"
    )


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 3, 2 * len(content) // 3):
        content[place] ^= 0xFF
    path.write_bytes(bytes(content))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _other(path: Path) -> None:
    path.write_bytes(b"\xff\xfenot what it should be")


def _list(path: Path) -> None:
    path.write_bytes(gzip.compress(b"[1, 2]\n") if path.suffix == ".gz" else b"[1, 2]\n")


DAMAGE = [_cut, _flip, _empty, _other]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("name", RAW_FILES)
def test_a_damaged_file_is_refused_in_one_line(folder: Path, name: str, damage: Callable[[Path], None]) -> None:
    damage(folder / name)
    assert str(folder) in _refusal(folder)


@pytest.mark.parametrize("name", ["runs.jsonl.gz", "real-data.json"])
def test_a_file_of_another_kind_is_refused_in_one_line(folder: Path, name: str) -> None:
    _list(folder / name)
    assert str(folder) in _refusal(folder)


def _records(raw: Raw) -> list[dict[str, object]]:
    return [{"experiment": name, **record.model_dump(mode="json")} for name, record in raw.records]


@pytest.mark.parametrize(
    "change",
    [lambda row: row.pop("experiment"), lambda row: row.pop("rules"), lambda row: row.update(status="stopped"),
     lambda row: row.update(seconds="long", device=3)],
    ids=["no experiment", "no rules", "another end", "two faults"],
)  # fmt: skip
def test_a_record_that_is_none_is_refused_in_one_line(
    folder: Path, change: Callable[[dict[str, object]], None]
) -> None:
    rows = _records(RAW)
    change(rows[3])
    (folder / "runs.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    assert str(folder) in _refusal(folder)


@pytest.mark.parametrize("content", ["{}", '{"floors": [], "telemetry_columns": 3}', '{"floors": 3}', "3"])
def test_real_data_that_are_none_are_refused_in_one_line(folder: Path, content: str) -> None:
    (folder / "real-data.json").write_text(content)
    assert str(folder) in _refusal(folder)


@pytest.mark.parametrize("name", ["metrics", "noise", "telemetry"])
def test_a_table_with_other_columns_is_refused_in_one_line(folder: Path, name: str) -> None:
    (folder / f"{name}.csv.gz").write_bytes(gzip.compress(b"one,other\n1,2\n"))
    assert f"{name}.csv.gz" in _refusal(folder)
