"""What work costs: seconds, and the joules that the machine's own counters add up meanwhile.

A counter belongs to a whole processor package or GPU: all that ran beside the work is in it.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from vigan.runtime.nvml import library

POWERCAP = Path("/sys/class/powercap")


class Cost(NamedTuple):
    """Seconds, and joules by what has counters that can be read here: "cpu", "gpu", both or neither."""

    seconds: float = 0.0
    joules: Mapping[str, float] = {}


class Counter(NamedTuple):
    """Joules since some time or other, beginning again from 0 at `wraps_at`."""

    read: Callable[[], float]
    wraps_at: float = float("inf")


class Meter:
    """Adds up cost from its making on, on top of what was spent `before`.

    Counters begin anew after hours or minutes: read more often than that.
    """

    def __init__(self, counters: Mapping[str, list[Counter]], before: Cost = Cost()) -> None:  # noqa: B008 - immutable
        self.cost, self._counters = before, {name: found for name, found in counters.items() if found}
        self._last = self._now()

    def read(self) -> Cost:
        """All of it until now."""
        (then, was), (now, known) = self._last, self._now()
        self._last = now, known
        joules = dict(self.cost.joules)
        for name, counters in self._counters.items():
            spent = (_since(*told) for told in zip(counters, was[name], known[name], strict=True))
            joules[name] = joules.get(name, 0.0) + sum(spent)
        self.cost = Cost(self.cost.seconds + now - then, joules)
        return self.cost

    def _now(self) -> tuple[float, dict[str, list[float]]]:
        known = {name: [counter.read() for counter in found] for name, found in self._counters.items()}
        return time.monotonic(), known


def _since(counter: Counter, before: float, now: float) -> float:
    return now - before if now >= before else now - before + counter.wraps_at


def counters(gpu: str = "") -> dict[str, list[Counter]]:
    """Counters of this machine: of its processor packages (RAPL) and of the GPU with a UUID (NVML)."""
    return {"cpu": _packages(), "gpu": _gpu(gpu) if gpu else []}


def _packages() -> list[Counter]:
    """All packages, or none if one may not be read (most systems let root alone)."""
    try:
        return list(_zones())
    except (OSError, ValueError):
        return []


def _zones() -> Iterator[Counter]:
    for zone in sorted(POWERCAP.glob("*-rapl:*")):
        if (zone / "name").read_text().startswith("package"):
            counter = Counter(partial(_microjoules, zone / "energy_uj"), _microjoules(zone / "max_energy_range_uj"))
            counter.read()
            yield counter


def _microjoules(file: Path) -> float:
    return int(file.read_text()) / 1e6


def _gpu(uuid: str) -> list[Counter]:
    nvml = library()
    if nvml is None:
        return []
    handle, joules = ctypes.c_void_p(), ctypes.c_ulonglong()
    failed = nvml.nvmlDeviceGetHandleByUUID(
        f"GPU-{uuid}".encode(), ctypes.byref(handle)
    ) or nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(joules))
    return [] if failed else [Counter(partial(_millijoules, nvml, handle))]


def _millijoules(nvml: Any, handle: ctypes.c_void_p) -> float:
    value = ctypes.c_ulonglong()
    nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(value))
    return value.value / 1e3
