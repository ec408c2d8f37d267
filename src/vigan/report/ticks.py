"""Places of ticks on an axis."""

from __future__ import annotations

import math


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` + 1 round numbers (1, 2, 5 times a power of ten apart) from `low` to `high`."""
    if not high > low:
        return [low]
    step = _round_up((high - low) / most)
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """1, 2 and 5 times powers of ten from `low` > 0 to `high`, or powers of ten alone where those are more than `most`.

    Of many powers of ten every second, third, ... one.
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    within = [place for place in every if low <= place <= high]
    if len(within) <= most:
        return within
    tens = [10.0**power for power in powers if low <= 10.0**power <= high]
    return tens[:: -(-len(tens) // most)]


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value * (1 - 1e-9))
