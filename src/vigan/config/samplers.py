"""Which generators of a run are measured: the one that is sampled and, where that is an average of G, G itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vigan.protocols.registry import KINDS

AVERAGING = "ema"
"""The stabiliser that keeps an average of G, which is what its arms are sampled from."""
SAMPLER = "sampler"


def with_both(raw: Any) -> Any:
    """An experiment as its file has it, measuring G itself beside the average where an arm keeps one.

    A protocol that names its `sampler` is left as it is: "average" asks for what is sampled alone.
    """
    match raw:
        case {"protocols": [*protocols], "arms": {**arms}} if any(map(_averages, arms.values())):
            return {**raw, "protocols": list(_both(protocols))}
    return raw


def _averages(arm: Any) -> bool:
    stabilisers = arm.get("stabilisers") if isinstance(arm, Mapping) else None
    return isinstance(stabilisers, Mapping) and AVERAGING in stabilisers


def _both(protocols: list[Any]) -> Iterator[Any]:
    """Each protocol, followed by that of G itself unless the file names a sampler, or has that of G in its list."""
    named = [_numbers(one) for one in protocols if isinstance(one, Mapping) and SAMPLER in one]
    for protocol in protocols:
        yield protocol
        beside = isinstance(protocol, Mapping) and SAMPLER not in protocol and _samples(protocol)
        if beside and _numbers(protocol) not in named:
            yield {**protocol, SAMPLER: "generator"}


def _numbers(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """What decides a protocol's numbers, whoever is sampled."""
    return {name: value for name, value in protocol.items() if name not in {SAMPLER, "redraws"}}


def _samples(protocol: Mapping[str, Any]) -> bool:
    """Whether a protocol measures a generator's samples."""
    kind = protocol.get("kind")
    known = KINDS.get(kind) if isinstance(kind, str) else None
    return known is not None and known.input == "samples"
