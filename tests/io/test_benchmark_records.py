"""Of several records of a benchmark the last one counts."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from vigan.io.benchmark_records import newest
from vigan.io.files import RecordError, write_json


def test_the_newest_is_that_of_the_last_date_whatever_its_name(tmp_path: Path) -> None:
    for name, date in (("speed-b", "2026-01-02"), ("speed-a", "2026-02-01"), ("other-a", "2026-03-01")):
        write_json(tmp_path / f"{name}.json", {"date": date, "name": name})
    assert newest(tmp_path, "speed")["name"] == "speed-a"


def test_a_large_one_may_be_compressed_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    file = tmp_path / "speed-a.json.gz"
    file.write_bytes(gzip.compress(b'{"date": "2026-01-02", "seconds": 3}'))
    assert newest(tmp_path, "speed")["seconds"] == 3
    whole = file.read_bytes()
    for damaged in (whole[:-9], whole[:10] + b"\xff" * 8 + whole[18:], whole[:-8] + bytes(8), b"{}"):
        file.write_bytes(damaged)
        with pytest.raises(RecordError, match=r"speed-a\.json\.gz: cannot be read .*; run the benchmark again"):
            newest(tmp_path, "speed")


def test_without_a_record_the_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="speed"):
        newest(tmp_path, "speed")
