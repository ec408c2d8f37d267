"""Records of earlier versions, read as today's: every name and form that has changed stands here and nowhere else.

A kept table holds the digest of each run's spec as it was when the table was made: see `earlier_digests`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigan.config.arms import RunSpec
from vigan.config.base import digest_of

WEIGHTS: Mapping[str, str | None] = {"r1": "gamma", "ema": "decay", "grad_clip": "max_norm", "spectral_norm": None}
"""Stabilisers that were written NAME: WEIGHT until they had named settings, and the setting that the weight is now.

The weight of `spectral_norm` was the norm that each layer gets, which is 1 today; 0 stood for no stabiliser.
"""
NAMES = {"average": "ema", "clip": "grad_clip", "spectral": "spectral_norm"}
"""What those stabilisers were called before, and what they are called today."""


def as_current(spec: Any) -> Any:
    """A run's spec, as JSON, in today's form; anything else as it is."""
    match spec:
        case {"arm": {"stabilisers": dict(stabilisers)}}:
            named = {NAMES.get(str(name), str(name)): own for name, own in stabilisers.items() if own != 0}
            settings = {name: _settings(name, own) for name, own in named.items()}
            return {**spec, "arm": {**spec["arm"], "stabilisers": settings}}
        case _:
            return spec


def earlier_digests(spec: RunSpec) -> set[str]:
    """Digests under which earlier versions kept the runs of a spec; none where its form has not changed."""
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
