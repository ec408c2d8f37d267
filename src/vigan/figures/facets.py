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
    whole = whole_groups(arms, elsewhere)
    if len(whole) == 1 and len(whole[0].arms) <= MOST:
        return whole
    return [part for group in whole for part in _cut(group.title or "Arms", group.arms)]


def whole_groups(arms: Mapping[str, Arm], elsewhere: Sequence[str] = ()) -> list[Group]:
    """Arms by what they have in common, for where a group may have any number of them; one alone needs no title."""
    if not arms or len(arms) + len(elsewhere) <= MOST:
        return [Group("", [*arms, *elsewhere])]
    made = [*_trained(arms), *([Group("Not trained here", list(elsewhere))] if elsewhere else [])]
    return made if len(made) > 1 else [Group("", made[0].arms)]


def _trained(arms: Mapping[str, Arm]) -> list[Group]:
    table = cells(arms)
    if len(arms) <= MOST or 2 * len(table.arms) <= len(arms):
        return [Group("Arms", list(arms))]
    ks = dict.fromkeys(k for k, _ in table.arms)
    rows = [Group(f"K = {row}", [name for (k, _), name in table.arms.items() if k == row]) for row in ks]
    return [*rows, *([Group("Other arms", table.left_out)] if table.left_out else [])]


def _cut(title: str, names: Sequence[str]) -> list[Group]:
    """The fewest possible groups, of about equal size."""
    parts = -(-len(names) // MOST)
    ends = [round(len(names) * part / parts) for part in range(1, parts + 1)]
    return [
        Group(title if parts == 1 else f"{title}, {place} of {parts}", names[start:end])
        for place, (start, end) in enumerate(zip([0, *ends], ends, strict=False), start=1)
    ]
