"""Sweeps: arms for every combination of a few settings, written once."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from typing import Any

MOST_ARMS = 5000
"""Arms of an experiment."""


def expand(sweep: Any) -> dict[str, dict[str, Any]]:
    """Rows of arms from a `sweep`: `name`, a template such as "k{updates_per_batch}", and a list for each setting.

    A point in a number becomes "p" in the name: 0.01 is 0p01. Raises ValueError if the sweep is not of that form, or
    if its template gives two arms one name.
    """
    if not isinstance(sweep, Mapping) or not isinstance(sweep.get("name"), str) or len(sweep) < 2:
        raise ValueError("a 'sweep' has a 'name' such as 'k{updates_per_batch}' and a list for each setting")
    settings = {key: values for key, values in sweep.items() if key != "name"}
    for key, values in settings.items():
        if not isinstance(values, list) or not values:
            raise ValueError(f"'sweep': '{key}' must be a list of values, at least one")
    if (count := math.prod(map(len, settings.values()))) > MOST_ARMS:
        raise ValueError(f"'sweep': {count} arms, at most {MOST_ARMS} are made; leave out settings")
    rows = [dict(zip(settings, values, strict=True)) for values in itertools.product(*settings.values())]
    arms = {_named(sweep["name"], row): row for row in rows}
    if len(arms) < len(rows):
        raise ValueError(f"'sweep': the name '{sweep['name']}' is the same for several arms; name every setting in it")
    return arms


def _named(template: str, row: Mapping[str, Any]) -> str:
    """The template with the values of its settings; nothing but whole names stands in braces."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in row:
            known = ", ".join(f"{{{key}}}" for key in row)
            raise ValueError(f"'sweep': the name '{template[:80]}' does not fit its settings {known}")
        return str(row[found[1]]).replace(".", "p")

    return re.sub(r"\{([^{}]*)\}", value, template)
