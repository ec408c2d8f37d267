"""Every kind of protocol, and every metric, by name: those of this folder and of packages that add some.

All kinds in modules of this folder are registered. Another package names its module with kinds in its entry points, in
the group `vigan.protocols`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points

import vigan.protocols
from vigan.protocols.base import HERE, Metric, ProtocolKind

GROUP = "vigan.protocols"
FINITE = Metric(
    title="Samples are finite",
    definition="1 where every sample is a finite number, else 0",
    source=HERE,
    better="none",
    high=1.0,
    check=True,
)
"""A metric of every kind."""


def find() -> Iterator[tuple[ProtocolKind, str]]:
    """Every kind of protocol and the module it stands in. Exceptions from importing a module are not caught."""
    own = (f"{vigan.protocols.__name__}.{module.name}" for module in pkgutil.iter_modules(vigan.protocols.__path__))
    for module in (*own, *(point.module for point in entry_points(group=GROUP))):
        for value in list(vars(import_module(module)).values()):
            if isinstance(value, ProtocolKind):
                yield value, module


def by_name(found: Iterable[tuple[ProtocolKind, str]]) -> dict[str, tuple[ProtocolKind, str]]:
    """Kinds and their modules by the kind's name, in the order of their places. Raises ValueError for a name of two."""
    known: dict[str, tuple[ProtocolKind, str]] = {}
    for kind, module in sorted(found, key=lambda one: (one[0].place, one[0].name)):
        if known.setdefault(kind.name, (kind, module))[0] is not kind:
            raise ValueError(f"protocol '{kind.name}' is declared in {known[kind.name][1]} and in {module}")
    return known


def metrics_of(kinds: Iterable[ProtocolKind]) -> dict[str, Metric]:
    """Metrics by name, in the order of the kinds. Raises ValueError where two kinds mean other things by one name."""
    known: dict[str, Metric] = {}
    for kind in kinds:
        for name, metric in kind.metrics.items():
            if known.setdefault(name, metric) != metric:
                raise ValueError(f"protocol '{kind.name}': metric '{name}' is declared otherwise by another protocol")
    return {**known, "finite": FINITE}


_FOUND = by_name(find())

KINDS: Mapping[str, ProtocolKind] = {name: kind for name, (kind, _) in _FOUND.items()}
"""Every kind of protocol."""

MODULES: Mapping[str, str] = {name: module for name, (_, module) in _FOUND.items()}
"""The module in which each kind is declared."""

METRICS = metrics_of(KINDS.values())
"""Every metric that the long table may hold, in the order in which figures and tables show them."""

CHECKS = tuple(name for name, metric in METRICS.items() if metric.check)
"""Metrics that describe the measurement, not the samples: neither plotted nor compared."""
