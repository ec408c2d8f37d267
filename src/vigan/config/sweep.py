"""Sweeps: arms for every combination of a few settings, written once."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any


def expand(sweep: Any) -> dict[str, dict[str, Any]]:
    """Rows of arms from a `sweep`: `name`, a template such as "k{updates_per_batch}", and a list for each setting.

    A point in a number becomes "p" in the name: 0.01 is 0p01. Raises ValueError if the sweep is not of that form, or
    if its template gives two arms one name.
    """
    if not isinstance(sweep, Mapping) or not isinstance(sweep.get("name"), str) or len(sweep) < 2:
        raise ValueError("a 'sweep' has a 'name' such as 'k{updates_per_batch}' and a list for each setting")
    settings = {key: values for key, values in sweep.items() if key != "name"}
    for key, values in settings.items():
        if not isinstance(values, list):
            raise ValueError(f"'sweep': '{key}' must be a list of values")
    rows = [dict(zip(settings, values, strict=True)) for values in itertools.product(*settings.values())]
    arms = {_named(sweep["name"], row): row for row in rows}
    if len(arms) < len(rows):
        raise ValueError(f"'sweep': the name '{sweep['name']}' is the same for several arms; name every setting in it")
    return arms


def _named(template: str, row: Mapping[str, Any]) -> str:
    try:
        return template.format(**{key: str(value).replace(".", "p") for key, value in row.items()})
    except (KeyError, IndexError, ValueError) as error:
        known = ", ".join(f"{{{key}}}" for key in row)
        raise ValueError(f"'sweep': the name '{template}' does not fit its settings {known} ({error})") from None
