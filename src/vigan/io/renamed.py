"""Conversion of records of earlier versions: every renamed field and changed form is here and nowhere else.

A table contains the digest of each run's spec at the time it was made: see `earlier_digests`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigan.config.arms import RunSpec
from vigan.config.base import digest_of

WEIGHTS: Mapping[str, str | None] = {"r1": "gamma", "ema": "decay", "grad_clip": "max_norm", "spectral_norm": None}
"""Stabilisers that were once written NAME: WEIGHT, and the setting that the weight has become.

The weight of `spectral_norm` was the norm of each layer, which is always 1 now; weight 0 meant no stabiliser.
"""
NAMES = {"average": "ema", "clip": "grad_clip", "spectral": "spectral_norm"}
"""Earlier and current names of those stabilisers."""


def as_current(spec: Any) -> Any:
    """A run's spec, as JSON, in its current form; anything else unchanged."""
    match spec:
        case {"arm": {"stabilisers": dict(stabilisers)}}:
            named = {NAMES.get(str(name), str(name)): own for name, own in stabilisers.items() if own != 0}
            settings = {name: _settings(name, own) for name, own in named.items()}
            return {**spec, "arm": {**spec["arm"], "stabilisers": settings}}
        case _:
            return spec


def earlier_digests(spec: RunSpec) -> set[str]:
    """Digests of a spec in earlier versions; empty if its form has not changed."""
    stabilisers = spec.arm.stabilisers
    if not stabilisers or not stabilisers.keys() <= WEIGHTS.keys():
        return set()
    weights = {name: next(iter(own.values()), 1.0) for name, own in stabilisers.items()}
    before = {today: name for name, today in NAMES.items()}
    forms = (weights, {before.get(name, name): weight for name, weight in weights.items()})
    record = spec.model_dump(mode="json")
    return {digest_of({**record, "arm": {**record["arm"], "stabilisers": form}}) for form in forms}


def _settings(name: str, own: Any) -> Any:
    if isinstance(own, Mapping) or name not in WEIGHTS:
        return own
    setting = WEIGHTS[name]
    if setting is None:
        return {} if own == 1 else own
    return {setting: own}
