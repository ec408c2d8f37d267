"""Of several records of a benchmark the last one counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigan.io.benchmark_records import newest
from vigan.io.files import RecordError, write_json


def test_the_newest_is_that_of_the_last_date_whatever_its_name(tmp_path: Path) -> None:
    for name, date in (("speed-b", "2026-01-02"), ("speed-a", "2026-02-01"), ("other-a", "2026-03-01")):
        write_json(tmp_path / f"{name}.json", {"date": date, "name": name})
    assert newest(tmp_path, "speed")["name"] == "speed-a"


def test_without_a_record_the_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="speed"):
        newest(tmp_path, "speed")
