"""Durations in words."""

from __future__ import annotations


def human(seconds: float) -> str:
    """A duration in a readable unit."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"
