"""What a file was made from is kept with it, and what differs from what is wanted is said in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vigan.io.files import RecordError
from vigan.io.stamp import check, read_stamp, sealed, stale, unsealed, write_stamp

MADE_FROM = {"code": "a" * 64, "claims.C1": "b" * 64, "runs.plain": "c" * 64}
MEND = "run `vigan analyse` again"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table with its stamp in a folder beside it."""
    table = tmp_path / "tables" / "claims.csv"
    table.parent.mkdir()
    table.write_text("id,verdict\nC1,supported\n")
    write_stamp(tmp_path / "stamps" / "tables.json", MADE_FROM, [table])
    return table


def _check(table: Path, **changes: str) -> None:
    stamp = table.parents[1] / "stamps" / "tables.json"
    check(stamp, table.parent, MADE_FROM | changes, [table], MEND)


def test_what_is_as_it_was_made_from_what_is_wanted_passes(table: Path) -> None:
    _check(table)


@pytest.mark.parametrize("name", MADE_FROM)
def test_what_differs_is_named_with_the_command_that_mends_it(table: Path, name: str) -> None:
    with pytest.raises(RecordError, match=rf"tables: made from other {name}; {MEND}"):
        _check(table, **{name: "d" * 64})


def test_something_more_than_what_was_there_differs_too(table: Path) -> None:
    with pytest.raises(RecordError, match=r"made from other claims\.C2;"):
        check(table.parents[1] / "stamps" / "tables.json", table, {**MADE_FROM, "claims.C2": ""}, [table], MEND)


def test_of_many_things_that_differ_four_are_named() -> None:
    wanted = {f"runs.arm-{number}": "x" for number in range(9)}
    assert (
        stale("t", {}, wanted, MEND)
        == f"t: made from other runs.arm-0, runs.arm-1, runs.arm-2, runs.arm-3 and 5 more; {MEND}"
    )
    assert stale("t", wanted, wanted, MEND) is None


@pytest.mark.parametrize("text", ["id,verdict\nC1,contradicted\n", "", None])
def test_a_file_that_is_not_what_was_written_is_named(table: Path, text: str | None) -> None:
    table.unlink() if text is None else table.write_text(text)
    with pytest.raises(RecordError, match=rf"claims\.csv: missing, or not what was written; {MEND}"):
        _check(table)


def test_stamp_and_files_may_be_moved_together(table: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for folder in ("tables", "stamps"):
        (tmp_path / folder).rename(tmp_path / "elsewhere" / folder)
    _check(tmp_path / "elsewhere" / "tables" / "claims.csv")


def test_every_flipped_bit_of_a_stamp_is_seen(table: Path) -> None:
    path = table.parents[1] / "stamps" / "tables.json"
    whole = path.read_bytes()
    for place in range(0, 8 * len(whole), 7):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(RecordError, match=r"damaged; run|cannot be read as JSON"):
            read_stamp(path, MEND)


def test_a_stamp_that_is_not_there_is_refused_and_its_files_are_not_trusted(table: Path) -> None:
    (table.parents[1] / "stamps" / "tables.json").unlink()
    with pytest.raises(RecordError, match=f"nobody knows what these files were made from; {MEND}"):
        _check(table)


def test_versions_stand_by_and_decide_nothing(table: Path) -> None:
    path = table.parents[1] / "stamps" / "tables.json"
    record = unsealed(json.loads(path.read_text()))
    assert {"numpy", "torch", "python"} <= record["versions"].keys()
    before = read_stamp(path, MEND).identity
    path.write_text(json.dumps(sealed(record | {"versions": {"numpy": "9"}})))
    assert read_stamp(path, MEND).identity == before


def test_a_record_without_a_seal_is_read_as_it_is_and_one_with_another_content_is_not() -> None:
    assert unsealed({"a": 1}) == {"a": 1}
    assert unsealed(sealed({"a": 1.5, "b": [None, "x"]})) == {"a": 1.5, "b": [None, "x"]}
    with pytest.raises(ValueError, match="not what was written"):
        unsealed({**sealed({"a": 1}), "a": 2})
