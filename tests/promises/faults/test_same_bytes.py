"""The same study, run twice: the same bytes, but for what says when and how fast."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path

import pytest

from .nursery import Nursery
from .stages import Place

pytestmark = pytest.mark.smoke

RUNS = 4
COST = re.compile(
    r"Trained on cpu: [\w .]+ in all|"
    r'<td data-unit="seconds">[^<]+</td>|'
    r"<dd>[\w ]+ over all runs; energy: [^<]+</dd>"
)
"""Where a page says what its runs cost."""


@pytest.fixture(scope="module")
def twice(
    nursery: Nursery, left_alone: Place, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """All files of two runs of the tiny study in two folders."""
    again = Place(tmp_path_factory.mktemp("again"), nursery)
    again.finish()
    return left_alone.files(), again.files()


def test_tables_traces_snapshots_figures_and_data_are_the_same_bytes(
    twice: tuple[dict[str, bytes], dict[str, bytes]],
) -> None:
    """All but what tells what a run cost, and the stamps, which hold digests of that."""
    first, second = twice
    assert set(first) == set(second)
    differing = {name for name in first if first[name] != second[name] and "/stamps/" not in name}
    assert {Path(name).name for name in differing} <= {
        "run.json",
        "runs.jsonl.gz",
        "timing.csv",
        "timing.html",
        "report.html",
    }
    print(f"{len(first)} files, {len(differing)} differ: {sorted(differing)}")


def test_records_differ_in_their_cost_alone(twice: tuple[dict[str, bytes], dict[str, bytes]]) -> None:
    records = [{n: json.loads(c) for n, c in files.items() if n.endswith("run.json")} for files in twice]
    assert len(records[0]) == RUNS
    without = [
        {name: record | {"seconds": 0, "joules": {}, "seal": ""} for name, record in found.items()} for found in records
    ]
    assert without[0] == without[1]


def test_reports_differ_in_cost_alone(twice: tuple[dict[str, bytes], dict[str, bytes]]) -> None:
    first, second = (COST.sub("", files["results/tiny/report.html"].decode()) for files in twice)
    changed = list(difflib.unified_diff(first.splitlines(), second.splitlines(), n=0, lineterm=""))
    assert changed == []
