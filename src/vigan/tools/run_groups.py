"""Runs in a stranger's folders that are of one arm: those that lie together and whose names say the same settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vigan.elsewhere.files import name_of_run
from vigan.elsewhere.seeds import without_seed

_NUMBER, _TIME = re.compile(r"^[0-9]+[-_ ]"), re.compile(r"[0-9]{4}([-_][0-9]{2}){2}([-_T:. ][0-9]{2}){3}")
"""What StyleGAN's run folders begin with, and StudioGAN's logs end with."""
_LAST = re.compile(r"(?:^|[-_ ])(?:run|rep|replicate|trial|exp|no|r|s)?[-_ ]?([0-9]{1,9})$", re.IGNORECASE)


class Candidate(NamedTuple):
    """What may be an arm: a title, and what a study file says of it at `from`.

    `resumed` are runs that go on from its own, and are none of it; of those that are `counted` the names differ by
    numbers at their ends.
    """

    title: str
    row: dict[str, Any]
    resumed: tuple[str, ...] = ()
    counted: bool = False


def groups(
    form: str,
    homes: Mapping[Path, Path],
    seed_of: Callable[[Path], int | None],
    begun_from: Callable[[Path], str | None] | None = None,
) -> Iterator[Candidate]:
    """Arms of runs by the folder that holds them, more than one where their names say other settings.

    Runs that say no seed, or one twice, are numbered in their order. A run that goes on from another one beside it
    (`begun_from` gives the file of weights that it began with) is of no arm, and named by that of the first.
    """
    first_of = _first_runs(homes, begun_from) if begun_from else {}
    arms = _arms({run: home for run, home in homes.items() if run not in first_of})
    for (home, settings), runs in arms.items():
        row: dict[str, Any] = {"format": form, "path": str(home)}
        names = [name_of_run(home, run) for run in runs]
        if len(runs) < sum(run.is_relative_to(home) for run in homes):
            row["runs"] = names
        seeds = [seed_of(run) for run in runs]
        if None in seeds or len(set(seeds)) < len(seeds):
            row["seeds"] = {name: number for number, name in enumerate(names)}
        alone, only = sum(other == home for other, _ in arms) == 1, len({other for other, _ in arms}) == 1
        title = home.name if alone else settings if only else f"{home.name} {settings}"
        resumed = tuple(name_of_run(home, run) for run, first in first_of.items() if first in runs)
        yield Candidate(title or home.name, row, resumed, len({_settings(run) for run in runs}) > 1)


def _first_runs(homes: Mapping[Path, Path], begun_from: Callable[[Path], str | None]) -> dict[Path, Path]:
    """Of each run that goes on from another one in its folder, that which they all go on from."""
    before: dict[Path, Path] = {}
    for run, home in homes.items():
        parts = re.split(r"[/\\]", begun_from(run) or "")
        others = (other for other, place in homes.items() if place == home and other != run)
        if (found := next((other for other in others if other.name in parts), None)) is not None:
            before[run] = found
    for run, first in before.items():
        for _ in before:
            first = before.get(first, first)
        before[run] = first
    return {run: first for run, first in before.items() if first not in before}


def _arms(homes: Mapping[Path, Path]) -> dict[tuple[Path, str], list[Path]]:
    """Runs by the folder that holds them and by what their names say of their settings."""
    found: dict[tuple[Path, str], list[tuple[str, Path]]] = {}
    for run, home in homes.items():
        name = _settings(run)
        found.setdefault((home, _LAST.sub("", name)), []).append((name, run))
    arms: dict[tuple[Path, str], list[Path]] = {}
    for (home, stem), named in found.items():
        for name, run in named:
            arms.setdefault((home, stem if _count_runs([name for name, _ in named]) else name), []).append(run)
    return arms


def _settings(run: Path) -> str:
    """The name of a run without what tells it from others of the same settings: its number, its time and its seed."""
    return _TIME.sub("", without_seed(_NUMBER.sub("", run.name.removesuffix(".log")))).strip("-_. ")


def _count_runs(names: list[str]) -> bool:
    """Whether the numbers at the end of names count runs from 0 or 1 on, as "plain-18" and "plain-50" do not."""
    numbers = sorted({int(found[1]) for name in names if (found := _LAST.search(name))})
    return not numbers or (numbers[0] <= 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers))))
