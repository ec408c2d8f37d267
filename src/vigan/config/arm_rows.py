"""The rows of an experiment's arms, made whole: those of `sweep` and `random`, and what `shared` gives to all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigan.config.random_settings import draw
from vigan.config.sweep import expand

OF_ROWS = frozenset({"shared", "sweep", "random"})
"""Keys of an experiment in a file that are made into rows of `arms`."""


def whole_rows(raw: Any) -> Any:
    """Add the arms of `sweep` and `random`, and copy the settings of `shared` into every arm without its own."""
    if not isinstance(raw, dict) or not OF_ROWS & set(raw):
        return raw
    shared, arms = raw.get("shared", {}), raw.get("arms", {})
    if not isinstance(shared, dict):
        raise ValueError("'shared' must be a mapping of arm settings")
    own = {key: value for key, value in raw.items() if key not in OF_ROWS}
    if isinstance(arms, dict):
        for by, made in _made(raw).items():
            if twice := made.keys() & arms.keys():
                raise ValueError(f"arm '{min(twice)}' is named both under 'arms' and by '{by}'")
            arms = made | arms
        own["arms"] = {name: _merge(shared, row) for name, row in arms.items()}
    return own


def _made(raw: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Rows of arms by what makes them, and by name."""
    swept = expand(raw["sweep"]) if "sweep" in raw else {}
    drawn = draw(raw["random"]).values() if "random" in raw else ()
    return {"sweep": swept, "random": {name: row for rows in drawn for name, row in rows.items()}}


def _merge(shared: Any, row: Any) -> Any:
    """A row with what is shared: mappings key by key, but an empty one in a row says that there is nothing."""
    if not isinstance(shared, dict) or not isinstance(row, dict):
        return row
    merged = {**shared, **row}
    return {key: _merge(shared[key], row[key]) if key in shared and row.get(key) else merged[key] for key in merged}
