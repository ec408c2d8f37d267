from __future__ import annotations

import json
from pathlib import Path

import pytest

from vigan.bench import timing
from vigan.bench.record import Measurement, write_record


def test_paths_take_turns_in_both_orders_after_one_untimed_call_each() -> None:
    calls: list[str] = []
    paths = {name: (lambda name=name: calls.append(name)) for name in "abc"}
    found = timing.interleaved(paths, rounds=3)
    assert "".join(calls) == "abc" + "abc" + "cba" + "abc"
    assert {name: len(values) for name, values in found.items()} == {"a": 3, "b": 3, "c": 3}


def test_a_path_is_charged_with_its_own_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def spend(seconds: float) -> None:
        clock[0] += seconds

    found = timing.interleaved({"short": lambda: spend(1.0), "long": lambda: spend(3.0)}, rounds=4)
    assert timing.medians(found) == {"short": 1.0, "long": 3.0}


def test_a_record_names_device_versions_date_and_settings(tmp_path: Path) -> None:
    found = Measurement("Some CPU (2)", {"threads": 2}, {"ratio": 1.5}, {"seconds": [1.0]})
    path = write_record(tmp_path, "engine", found)
    assert path.parent == tmp_path
    assert path.name.startswith("engine-some-cpu--2-")
    record = json.loads(path.read_text())
    assert record["device"] == "Some CPU (2)"
    assert record["settings"] == {"threads": 2}
    assert record["summary"] == {"ratio": 1.5}
    assert record["versions"]["torch"]
    assert record["date"][:2] == "20"
