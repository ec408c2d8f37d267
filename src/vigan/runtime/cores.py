"""The cores of a CPU that this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """How many cores a scheduler, a container or `taskset` leaves to this process, or else the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
