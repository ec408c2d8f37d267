"""The scale of a measure: linear or, where it has no bounds and its values differ by much, logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from vigan.analysis.metric_bounds import is_steep
from vigan.report.ticks import log_ticks, ticks


class Scale(NamedTuple):
    """From the lowest to the highest value that is shown."""

    lowest: float
    highest: float
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """How far a value is along the scale, in [0, 1]; one beyond it is at its edge."""
        lowest, highest, at = (self._on_axis(number) for number in (self.lowest, self.highest, value))
        return min(1.0, max(0.0, (at - lowest) / (highest - lowest)))

    def _on_axis(self, value: float) -> float:
        return math.log(max(value, self.lowest)) if self.logarithmic else value

    def ticks(self, most: int) -> list[float]:
        """Round numbers on it: about `most`."""
        return log_ticks(self.lowest, self.highest, most) if self.logarithmic else ticks(*self[:2], most)


def scale_of(
    values: Iterable[float], ends: Iterable[float], real: float | None, *, bounded: bool, margin: float
) -> Scale:
    """The scale of `values`, of the `ends` of their intervals, and of real data, with a share of it as `margin`.

    A logarithmic one may cut off ends, and a value of real data that is much below all others.
    """
    known, real_data = _finite(values), [] if real is None else [real]
    if known and is_steep(min(known), max(known), bounded=bounded):
        near = [value for value in real_data if value > min(known) / 10]
        return Scale(min(known + near) / 1.1, max(known + near) * 1.1, logarithmic=True)
    known += _finite(ends) + real_data
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    edge = margin * (high - low) or max(0.5, margin * abs(high))
    return Scale(low - edge, high + edge)


def _finite(values: Iterable[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]
