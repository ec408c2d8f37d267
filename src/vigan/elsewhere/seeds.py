"""Which seed a run of a stranger's folder had."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vigan.elsewhere.files import named_runs
from vigan.elsewhere.numbers import LARGEST_SEED
from vigan.io.files import RecordError

_IN_NAME = re.compile(r"(?:^|[^A-Za-z])seed[-_=. ]?([0-9]{1,19})(?![0-9])", re.IGNORECASE)


def seed_in(name: str) -> int | None:
    """The seed that a name says, as in "stylegan2-seed-3", None if none."""
    found = _IN_NAME.search(name)
    return int(found[1]) if found and int(found[1]) <= LARGEST_SEED else None


def without_seed(name: str) -> str:
    """A name without the seed that it says."""
    return _IN_NAME.sub("", name)


def seeds_by_run(
    root: Path, runs: Sequence[Path], stated: Mapping[str, int], said: Callable[[Path], int | None]
) -> dict[Path, int]:
    """The seed of each run: as the study states it by the run's name or path below `root`, else as `said` by its files.

    Raises RecordError if a run has none, if two have one, or if the study names a run that is not there.
    """
    of_study = {run: stated[name] for name in sorted(stated, key=len) for run in named_runs(root, name, runs, "seeds")}
    found: dict[Path, int] = {}
    for run in runs:
        seed = of_study[run] if run in of_study else said(run)
        if seed is None:
            raise RecordError(f"{run}: says no seed; write 'seeds: {{{run.name}: 0, ...}}' beside the arm's path")
        if other := next((one for one, known in found.items() if known == seed), None):
            raise RecordError(
                f"{other} and {run}: both of seed {seed}; write `seeds` beside the arm's path, by their names, or "
                "those that count as its `runs`"
            )
        found[run] = seed
    return found
