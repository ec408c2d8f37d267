"""Records of benchmarks, as `vigan bench --record` keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vigan.io.files import read_json


def newest(records: Path, name: str) -> Mapping[str, Any]:
    """The last record of a benchmark. Raises RecordError if there is none."""
    found = of_benchmark(records, name)
    return max(found, key=lambda record: record["date"]) if found else read_json(records / f"{name}-*.json")


def of_benchmark(records: Path, name: str) -> list[Mapping[str, Any]]:
    """All records of a benchmark, in the order of their files' names."""
    return [read_json(path) for path in sorted(records.glob(f"{name}-*.json"))]
