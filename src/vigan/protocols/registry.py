"""Every kind of protocol, and every metric, by name: those of this folder and of packages that add some.

All kinds in modules of this folder are registered. Another package names its module with kinds in its entry points, in
the group `vigan.protocols`; one that cannot be used is left out, and `BROKEN` says why. A study's plug-in files add
kinds for as long as that study is the one in use.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Sequence
from importlib import import_module
from types import ModuleType

import vigan.protocols
from vigan import plugins
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


def find() -> list[tuple[ProtocolKind, str]]:
    """Every kind of this folder and of installed packages, and the module it stands in."""
    own = (f"{vigan.protocols.__name__}.{module.name}" for module in pkgutil.iter_modules(vigan.protocols.__path__))
    found = [(kind, module) for module in own for kind in kinds_in(import_module(module))]
    for name, module in plugins.installed(GROUP).items():
        try:
            found = with_module(found, module)
        except ValueError as error:
            BROKEN[name] = str(error)
    return found


def kinds_in(module: ModuleType) -> list[ProtocolKind]:
    """The kinds that a module holds."""
    return [value for value in list(vars(module).values()) if isinstance(value, ProtocolKind)]


def with_module(found: Sequence[tuple[ProtocolKind, str]], module: str) -> list[tuple[ProtocolKind, str]]:
    """`found`, and the kinds of a plug-in. Raises ValueError, in a line that names it, if it cannot be used."""
    more = [*found, *((kind, module) for kind in kinds_in(plugins.load(module)))]
    metrics_of(kind for kind, _ in by_name(more).values())
    return more


def by_name(found: Iterable[tuple[ProtocolKind, str]]) -> dict[str, tuple[ProtocolKind, str]]:
    """Kinds and their modules by the kind's name, in the order of their places. Raises ValueError for a name of two."""
    known: dict[str, tuple[ProtocolKind, str]] = {}
    for kind, module in sorted(found, key=lambda one: (one[0].place, one[0].name)):
        if known.setdefault(kind.name, (kind, module))[0] is not kind:
            raise ValueError(f"protocol '{kind.name}' is declared in {known[kind.name][1]} and in {module}; rename one")
    return known


def metrics_of(kinds: Iterable[ProtocolKind]) -> dict[str, Metric]:
    """Metrics by name, in the order of the kinds. Raises ValueError where two kinds mean other things by one name.

    And for the name that says of every kind whether its samples are finite.
    """
    known: dict[str, Metric] = {}
    for kind in kinds:
        if "finite" in kind.metrics:
            raise ValueError(
                f"protocol '{kind.name}': every kind has a metric 'finite' already; give its own another name"
            )
        for name, metric in kind.metrics.items():
            if known.setdefault(name, metric) != metric:
                raise ValueError(f"protocol '{kind.name}': metric '{name}' is declared otherwise by another protocol")
    return {**known, "finite": FINITE}


BROKEN: dict[str, str] = {}
"""What is wrong with installed plug-ins, by their entry point."""

_INSTALLED = find()

KINDS: dict[str, ProtocolKind] = {}
"""Every kind of protocol."""

MODULES: dict[str, str] = {}
"""The module in which each kind is declared."""

METRICS: dict[str, Metric] = {}
"""Every metric that the long table may hold, in the order in which figures and tables show them."""


def use(modules: Iterable[str]) -> None:
    """Add the kinds of plug-in files, and of no others. Raises ValueError, in a line that names the file."""
    found = _INSTALLED
    for module in modules:
        found = with_module(found, module)
    named = by_name(found)
    for table in (KINDS, MODULES, METRICS):
        table.clear()
    KINDS.update({name: kind for name, (kind, _) in named.items()})
    MODULES.update({name: module for name, (_, module) in named.items()})
    METRICS.update(metrics_of(KINDS.values()))


use(())


def checks() -> tuple[str, ...]:
    """Metrics that describe the measurement, not the samples: neither plotted nor compared."""
    return tuple(name for name, metric in METRICS.items() if metric.check)
