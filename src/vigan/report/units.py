"""Numbers with their units: modes, nats, percent, shares of training."""

from __future__ import annotations

import re
from typing import NamedTuple

from vigan.protocols.registry import METRICS
from vigan.report.tables import NOTHING, interval, number


class Unit(NamedTuple):
    """A number is shown times `factor`, followed by `words`; a difference by `between`.

    `runs`: which runs a share of runs is one of, such as "with a bad end".
    """

    factor: float = 1.0
    words: str = ""
    between: str = ""
    runs: str = ""


PLAIN = Unit()
_MARGIN = re.compile(r" by ([0-9.e+-]+) or more$")
SHARE = Unit(100.0, "%", " percentage points")
TRAINING = Unit(100.0, "% of training", "% of training")


def of_metric(name: str) -> Unit:
    """The unit of a metric: modes where it counts them, percent where it is a share, nats, or none (a distance)."""
    metric = METRICS[name]
    if metric.of_modes is float:
        return Unit(1.0, " modes", " modes")
    if "(nats)" in metric.title:
        return Unit(1.0, " nats", " nats")
    return SHARE if (metric.low, metric.high) == (0.0, 1.0) else PLAIN


def bare(value: float, unit: Unit) -> str:
    """The number alone, in its unit."""
    return number(float(value) * unit.factor)


def told(value: float, unit: Unit) -> str:
    """The number with its unit."""
    return NOTHING if value != value else _counted(bare(value, unit), unit.words)


def difference(value: float, unit: Unit) -> str:
    """A difference with its sign and unit."""
    sign = "+" if value > 0 else ""
    return NOTHING if value != value else sign + _counted(bare(value, unit), unit.between)


def margins(text: str, unit: Unit) -> str:
    """Words that end with a bare margin, such as "higher by 1 or more", with its unit; "of runs" says of which."""
    if unit.runs and text.endswith(" of runs"):
        return f"{text} {unit.runs}"
    if not unit.between or not (found := _MARGIN.search(text)):
        return text
    return f"{text[: found.start()]} by {_counted(bare(float(found[1]), unit), unit.between)} or more"


def _counted(text: str, words: str) -> str:
    """A number before its unit: of one thing, which is not called several."""
    return text + (words.removesuffix("s") if text.lstrip("−") == "1" else words)


def ends(low: float, high: float, unit: Unit) -> str:
    """An interval in that unit, without repeating it."""
    return interval(float(low) * unit.factor, float(high) * unit.factor)
