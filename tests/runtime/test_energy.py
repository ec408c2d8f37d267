"""Joules come from counters that exist and may be read, are added up over a wrap, and are never made up."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vigan.runtime import energy
from vigan.runtime.energy import Cost, Counter, Meter, counters


def _counter(values: list[float], wraps_at: float = float("inf")) -> Counter:
    given: Iterator[float] = iter(values)
    return Counter(lambda: next(given), wraps_at)


def test_seconds_and_joules_are_added_to_what_was_spent_before() -> None:
    spent = Meter({"cpu": [_counter([100.0, 130.0, 135.0])]}, Cost(7.0, {"cpu": 2.0, "gpu": 5.0}))
    time.sleep(0.01)
    first = spent.read()
    assert first.joules == {"cpu": 32.0, "gpu": 5.0}
    assert 7.0 < first.seconds < spent.read().seconds
    assert spent.cost.joules == {"cpu": 37.0, "gpu": 5.0}


def test_a_counter_that_began_anew_is_carried_over() -> None:
    spent = Meter({"cpu": [_counter([990.0, 20.0], wraps_at=1000.0), _counter([1.0, 2.0])]})
    assert spent.read().joules == {"cpu": 31.0}


def test_where_nothing_counts_there_are_no_joules() -> None:
    assert Meter({"cpu": [], "gpu": []}).read().joules == {}


@pytest.fixture
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for place, (name, joules) in {"0": ("package-0", 3), "0:0": ("core", 1), "1": ("package-1", 4)}.items():
        zone = tmp_path / f"intel-rapl:{place}"
        zone.mkdir()
        (zone / "name").write_text(f"{name}\n")
        (zone / "energy_uj").write_text(f"{joules * 1_000_000}\n")
        (zone / "max_energy_range_uj").write_text("262143328850\n")
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    return tmp_path


def test_packages_are_counted_and_not_their_parts_twice(powercap: Path) -> None:
    found = counters()["cpu"]
    assert [counter.read() for counter in found] == [3.0, 4.0]
    assert {counter.wraps_at for counter in found} == {262143.32885}


@pytest.mark.parametrize("damage", ["gone", "words"])
def test_one_package_that_cannot_be_read_leaves_the_energy_unknown(powercap: Path, damage: str) -> None:
    file = powercap / "intel-rapl:1" / "energy_uj"
    file.unlink() if damage == "gone" else file.write_text("no permission")
    assert counters()["cpu"] == []


class Nvml:
    """A driver that knows one GPU."""

    def __init__(self, known: bytes = b"GPU-abc", failing: str = "") -> None:
        self.known, self.failing, self.millijoules = known, failing, 5_000

    def nvmlInit_v2(self) -> int:
        return int(self.failing == "init")

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, handle: Any) -> int:
        return 0 if uuid == self.known else 6

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: ctypes.c_void_p, joules: Any) -> int:
        joules._obj.value = self.millijoules
        return 3 if self.failing == "energy" else 0


def test_the_gpu_is_asked_by_its_uuid(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Nvml()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: driver)
    spent = Meter({"gpu": counters("abc")["gpu"]})
    driver.millijoules = 12_500
    assert spent.read().joules == {"gpu": 7.5}


@pytest.mark.parametrize("driver", [Nvml(b"GPU-other"), Nvml(failing="init"), Nvml(failing="energy"), None])
def test_a_gpu_that_does_not_tell_leaves_its_energy_unknown(
    driver: Nvml | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str) -> Nvml:
        if driver is None:
            raise OSError(name)
        return driver

    monkeypatch.setattr(ctypes, "CDLL", load)
    assert counters("abc")["gpu"] == []


def test_without_a_gpu_no_driver_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("asked"))
    assert counters()["gpu"] == []


def _failing(*values: float, error: Exception) -> Counter:
    given = iter(values)

    def read() -> float:
        try:
            return next(given)
        except StopIteration:
            raise error from None

    return Counter(read, wraps_at=1000.0)


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), ValueError("no number")])
def test_a_counter_that_fails_later_is_dropped_with_its_joules_and_the_others_go_on(error: Exception) -> None:
    spent = Meter({"cpu": [_failing(1.0, 2.0, error=error)], "gpu": [_counter([10.0, 15.0, 25.0, 26.0])]})
    assert spent.read().joules == {"cpu": 1.0, "gpu": 5.0}
    assert spent.read().joules == {"gpu": 15.0}
    assert spent.read().joules == {"gpu": 16.0}


def test_a_gpu_that_fails_while_a_run_trains_ends_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Nvml()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: driver)
    spent = Meter({"gpu": counters("abc")["gpu"]})
    driver.failing, driver.millijoules = "energy", 0
    assert spent.read().joules == {}


def test_a_counter_that_begins_anew_without_a_known_end_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It added infinity, which no record can hold."""
    assert Meter({"gpu": [_counter([100.0, 3.0])]}).read().joules == {"gpu": 0.0}
