"""Grouping of an experiment's arms into facets, as a panel with many arms cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vigan.config.arms import Arm
from vigan.figures.heatmap import cells
from vigan.figures.style import MARKERS, Looks, looks

MOST = len(MARKERS)
"""Most arms of one facet: no two of them share a marker."""


def facets(arms: Mapping[str, Arm], elsewhere: Sequence[str] = ()) -> list[Looks]:
    """The looks of arms by facet: all in one if few, else by K, equal lambdas in equal colours, then the others.

    Arms that were made `elsewhere` come last, and their looks say so.
    """
    groups = [[*arms, *elsewhere]] if len(arms) + len(elsewhere) <= MOST else [*_groups(arms), *_cut(list(elsewhere))]
    return [
        looks({name: name in arms and arms[name].regularised for name in group}, elsewhere) for group in groups if group
    ]


def _groups(arms: Mapping[str, Arm]) -> list[Sequence[str]]:
    if len(arms) <= MOST:
        return [list(arms)]
    table = cells(arms)
    if 2 * len(table.arms) <= len(arms):
        return _cut(list(arms))
    ks = dict.fromkeys(k for k, _ in table.arms)
    rows = [[name for (k, _), name in table.arms.items() if k == row] for row in ks]
    return [group for row in (*rows, table.left_out) for group in _cut(row)]


def _cut(names: Sequence[str]) -> list[Sequence[str]]:
    """The fewest possible groups, of about equal size."""
    groups = max(1, -(-len(names) // MOST))
    ends = [round(len(names) * group / groups) for group in range(1, groups + 1)]
    return [names[start:end] for start, end in zip([0, *ends], ends, strict=False)]
