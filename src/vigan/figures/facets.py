"""Grouping of an experiment's arms into facets, as a panel with many arms cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vigan.config.arms import Arm
from vigan.figures.heatmap import cells
from vigan.figures.style import MARKERS, Looks, looks

MOST = len(MARKERS)
"""Most arms of one facet: no two of them share a marker."""


class Group(NamedTuple):
    """Arms that are drawn together, and what they have in common."""

    title: str
    arms: Sequence[str]


def facets(arms: Mapping[str, Arm], elsewhere: Sequence[str] = ()) -> list[Looks]:
    """The looks of arms by facet: all in one if few, else by K, equal lambdas in equal colours, then the others.

    Arms that were made `elsewhere` come last, and their looks say so.
    """
    return [
        looks({name: name in arms and arms[name].regularised for name in group.arms}, elsewhere)
        for group in groups(arms, elsewhere)
    ]


def groups(arms: Mapping[str, Arm], elsewhere: Sequence[str] = ()) -> list[Group]:
    """The same arms in the same facets, each with its title; a facet that is alone needs none."""
    if len(arms) + len(elsewhere) <= MOST:
        return [Group("", [*arms, *elsewhere])]
    apart = _cut("Not trained here", list(elsewhere)) if elsewhere else []
    return [*(_trained(arms) if arms else []), *apart]


def _trained(arms: Mapping[str, Arm]) -> list[Group]:
    if len(arms) <= MOST:
        return [Group("Arms", list(arms))]
    table = cells(arms)
    if 2 * len(table.arms) <= len(arms):
        return _cut("Arms", list(arms))
    ks = dict.fromkeys(k for k, _ in table.arms)
    rows = [(f"K = {row}", [name for (k, _), name in table.arms.items() if k == row]) for row in ks]
    return [group for title, row in (*rows, ("Other arms", table.left_out)) for group in _cut(title, row)]


def _cut(title: str, names: Sequence[str]) -> list[Group]:
    """The fewest possible groups, of about equal size."""
    parts = -(-len(names) // MOST)
    ends = [round(len(names) * part / parts) for part in range(1, parts + 1)]
    return [
        Group(title if parts == 1 else f"{title}, {place} of {parts}", names[start:end])
        for place, (start, end) in enumerate(zip([0, *ends], ends, strict=False), start=1)
    ]
