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
_LAST = re.compile(r"(?:(?:^|[-_. ])(?:run|rep|replicate|trial|exp|no|r|s)?[-_. ]?)([0-9]{1,9})$", re.IGNORECASE)


class Candidate(NamedTuple):
    """What may be an arm: a title, what a study file says of it at `from`, and its runs that go on from others."""

    title: str
    row: dict[str, Any]
    resumed: tuple[str, ...] = ()


def groups(
    form: str,
    homes: Mapping[Path, Path],
    seed_of: Callable[[Path], int | None],
    begun_from: Callable[[Path], str | None] | None = None,
) -> Iterator[Candidate]:
    """Arms of runs by the folder that holds them, more than one where their names say other settings.

    Runs that say no seed, or one twice, are numbered in their order. A run that goes on from another one of its arm
    (`begun_from` gives what it began with) is named, and is none of the arm's.
    """
    arms = _arms(homes)
    for (home, settings), found in arms.items():
        resumed = [run for run in found if begun_from and _is_in(found, begun_from(run))]
        runs = [run for run in found if run not in resumed]
        row: dict[str, Any] = {"format": form, "path": str(home)}
        names = [name_of_run(home, run) for run in runs]
        if len(runs) < sum(run.is_relative_to(home) for run in homes):
            row["runs"] = names
        seeds = [seed_of(run) for run in runs]
        if None in seeds or len(set(seeds)) < len(seeds):
            row["seeds"] = {name: number for number, name in enumerate(names)}
        alone, only = sum(other == home for other, _ in arms) == 1, len({other for other, _ in arms}) == 1
        title = home.name if alone else settings if only else f"{home.name} {settings}"
        yield Candidate(title or home.name, row, tuple(name_of_run(home, run) for run in resumed))


def _arms(homes: Mapping[Path, Path]) -> dict[tuple[Path, str], list[Path]]:
    """Runs by the folder that holds them and by what their names say of their settings."""
    found: dict[tuple[Path, str], list[tuple[str, Path]]] = {}
    for run, home in homes.items():
        name = _settings(run.name.removesuffix(".log"))
        found.setdefault((home, _LAST.sub("", name)), []).append((name, run))
    arms: dict[tuple[Path, str], list[Path]] = {}
    for (home, stem), named in found.items():
        for name, run in named:
            arms.setdefault((home, stem if _count_runs([name for name, _ in named]) else name), []).append(run)
    return arms


def _settings(run: str) -> str:
    """The name of a run without what tells it from others of the same settings: its number, its time and its seed."""
    return _TIME.sub("", without_seed(_NUMBER.sub("", run))).strip("-_. ")


def _count_runs(names: list[str]) -> bool:
    """Whether the numbers at the end of names count runs from 0 or 1 on, as "plain-18" and "plain-50" do not."""
    numbers = sorted({int(found[1]) for name in names if (found := _LAST.search(name))})
    return not numbers or (numbers[0] <= 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers))))


def _is_in(runs: list[Path], weights: str | None) -> bool:
    """Whether a file of weights, by its path on whatever machine, lies in the folder of one of `runs`."""
    return not {run.name for run in runs}.isdisjoint(re.split(r"[/\\]", weights or ""))
