"""Records of benchmarks, as `vigan bench --record` keeps them."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vigan.io.files import RecordError, read_json


def newest(records: Path, name: str) -> Mapping[str, Any]:
    """The last record of a benchmark. Raises RecordError if there is none."""
    found = of_benchmark(records, name)
    return max(found, key=lambda record: record["date"]) if found else read_json(records / f"{name}-*.json")


def of_benchmark(records: Path, name: str) -> list[Mapping[str, Any]]:
    """All records of a benchmark, in the order of their files' names; large ones are kept compressed (.json.gz)."""
    return [_read(path) for path in sorted(records.glob(f"{name}-*.json*"))]


def _read(path: Path) -> Mapping[str, Any]:
    if path.suffix != ".gz":
        return read_json(path)
    try:
        return json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise RecordError(f"{path}: cannot be read as compressed JSON ({error}); run the benchmark again") from None
