"""Random settings: arms of several ways of training, each with the same number of settings, drawn by a seed."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from vigan.config.base import Count, Strict, explain, keys_of
from vigan.config.sweep import MOST_ARMS

Settings = dict[str, Any]
DIGITS = 3
"""Significant digits of what is drawn between two numbers."""
WIDTH = 2
"""Digits of an arm's number, at least: the same however many are drawn, as the name is part of what was trained."""


class Range(Strict):
    """A setting that is drawn: log-uniformly between two numbers (`log`), or one minus such a number (`one-minus-log`).

    The second is for what is near one: beta1, the decay of an average.
    """

    log: Annotated[tuple[float, float] | None, Field(strict=False)] = None
    one_minus_log: Annotated[tuple[float, float] | None, Field(strict=False, alias="one-minus-log")] = None

    @model_validator(mode="after")
    def _one_range(self) -> Range:
        given = [ends for ends in (self.log, self.one_minus_log) if ends]
        if len(given) != 1 or not 0 < given[0][0] < given[0][1]:
            raise ValueError("write {log: [LOW, HIGH]} or {one-minus-log: [LOW, HIGH]} with 0 < LOW < HIGH")
        return self

    def at(self, share: float) -> float:
        """The number at a share of the range, in [0, 1)."""
        low, high = self.log or self.one_minus_log or (1.0, 1.0)
        drawn = float(f"{low * math.exp(share * math.log(high / low)):.{DIGITS}g}")
        return drawn if self.log else float(f"{1 - drawn:.12g}")


class Random(Strict):
    """`settings` of each of the `ways`, numbered from 0; `all` are drawn for every way.

    A way is its name and its own settings, such as "stabilisers.r1.gamma": a `Range`, or what it is in all of its arms.
    A draw depends on `seed`, setting and number alone: every way gets the same shares of its ranges, so that none is
    luckier in what all have; what else is drawn changes nothing, nor do further numbers.
    """

    seed: Annotated[int, Field(ge=0)]
    settings: Annotated[Count, Field(le=1000)]
    all: Settings = Field(default_factory=dict)
    ways: Annotated[dict[str, Settings | None], Field(min_length=1, max_length=100)]


def draw(random: Any) -> dict[str, dict[str, Settings]]:
    """Rows of arms by way and name, such as "r1-07". Raises ValueError if `random` is not of that form."""
    try:
        found = Random.model_validate(random)
    except ValidationError as error:
        raise ValueError(f"'random': {explain(error, keys_of(Random))[1]}") from None
    if (count := found.settings * len(found.ways)) > MOST_ARMS:
        raise ValueError(f"'random': {count} arms, at most {MOST_ARMS} are made; ask for fewer settings")
    return {
        way: {
            f"{way}-{number:0{WIDTH}}": _row(way, f"{found.seed}|{number}", {**found.all, **(own or {})})
            for number in range(found.settings)
        }
        for way, own in found.ways.items()
    }


def _row(way: str, draw: str, settings: Settings) -> Settings:
    row: Settings = {}
    for key, value in settings.items():
        *above, last = key.split(".")
        place: Any = row
        for name in above:
            place = place.setdefault(name, {}) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last in place:
            raise ValueError(f"'random': '{key}' is part of a setting that '{way}' has elsewhere, or the whole of it")
        drawn = _is_range(value)
        place[last] = _range(key, value).at(_share(f"{draw}|{key}")) if drawn else copy.deepcopy(value)
    return row


def _is_range(value: Any) -> bool:
    return isinstance(value, Mapping) and any("log" in str(name) for name in value)


def _range(key: str, value: Any) -> Range:
    try:
        return Range.model_validate(value)
    except ValidationError as error:
        raise ValueError(f"'random': '{key}': {explain(error, keys_of(Range))[1]}") from None


def _share(text: str) -> float:
    """A number in [0, 1), uniform over texts."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48
