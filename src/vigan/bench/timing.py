"""Interleaved timing of alternatives, so that a temporary slowdown of the machine affects all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

Clock = Callable[[], float]


def interleaved(
    paths: Mapping[str, Callable[[], None]], rounds: int, clock: Clock | None = None
) -> dict[str, list[float]]:
    """Seconds of each call by path: `rounds` rounds in which every path is called once, after one untimed call each.

    Every second round goes through the paths in reverse, so that none always follows the same other. A path that uses
    an accelerator must synchronise before it returns. On a shared machine, `time.process_time` as `clock` counts this
    process only.
    """
    for call in paths.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in paths}
    for index in range(rounds):
        for name in list(paths)[:: -1 if index % 2 else 1]:
            seconds[name].append(_seconds(paths[name], clock or time.perf_counter))
    return seconds


def medians(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Median of each path's seconds."""
    return {name: median(values) for name, values in seconds.items()}


def gains(seconds: Mapping[str, Sequence[float]], over: str) -> dict[str, float]:
    """Speed-up of each other path over `over`: the median of the ratios within a round."""
    return {
        name: median(theirs / ours for theirs, ours in zip(seconds[over], values, strict=True))
        for name, values in seconds.items()
        if name != over
    }


def _seconds(call: Callable[[], None], clock: Clock) -> float:
    started = clock()
    call()
    return clock() - started
