"""Cost of work: seconds, and joules from the machine's energy counters.

A counter belongs to a whole processor package or GPU and includes everything else that ran on it.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from vigan.runtime.nvml import library

POWERCAP = Path("/sys/class/powercap")


class Cost(NamedTuple):
    """Seconds, and joules of the counters that can be read here: "cpu", "gpu", both or neither."""

    seconds: float = 0.0
    joules: Mapping[str, float] = {}


class Counter(NamedTuple):
    """Joules since an arbitrary time, wrapping to 0 at `wraps_at`. Reading raises OSError or ValueError if it fails."""

    read: Callable[[], float]
    wraps_at: float = float("inf")


class Meter:
    """Accumulates cost from its creation on, added to the cost `before`.

    Counters wrap after minutes or hours: read more often than that. What can no longer be read is dropped, and its
    joules with it: a part of them would pass for all.
    """

    def __init__(self, counters: Mapping[str, list[Counter]], before: Cost = Cost()) -> None:  # noqa: B008 - immutable
        self.cost, self._counters = before, {name: found for name, found in counters.items() if found}
        self._last = self._now()

    def read(self) -> Cost:
        """The total cost until now."""
        (then, was), (now, known) = self._last, self._now()
        self._last = now, known
        joules = {name: spent for name, spent in self.cost.joules.items() if name in known or name not in was}
        for name, counters in self._counters.items():
            spent = (_since(*reading) for reading in zip(counters, was[name], known[name], strict=True))
            joules[name] = joules.get(name, 0.0) + sum(spent)
        self.cost = Cost(self.cost.seconds + now - then, joules)
        return self.cost

    def _now(self) -> tuple[float, dict[str, list[float]]]:
        known: dict[str, list[float]] = {}
        for name, found in list(self._counters.items()):
            try:
                known[name] = [counter.read() for counter in found]
            except (OSError, ValueError):
                del self._counters[name]
        return time.monotonic(), known


def _since(counter: Counter, before: float, now: float) -> float:
    """Joules between two readings; 0 where a counter that does not wrap has begun anew."""
    if now >= before:
        return now - before
    return now - before + counter.wraps_at if math.isfinite(counter.wraps_at) else 0.0


def counters(gpu: str = "") -> dict[str, list[Counter]]:
    """Counters of this machine: of its processor packages (RAPL) and of the GPU with a UUID (NVML)."""
    return {"cpu": _packages(), "gpu": _gpu(gpu) if gpu else []}


def _packages() -> list[Counter]:
    """All packages, or none if one cannot be read (most systems allow only root)."""
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
    if code := nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(value)):
        raise OSError(f"NVML: error {code}")
    return value.value / 1e3
