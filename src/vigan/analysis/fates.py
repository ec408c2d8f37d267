"""How often each event occurred in each arm, and of how many runs it is known."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from vigan.config.experiment import Experiment


class Fate(NamedTuple):
    """How many runs of an arm were looked at, and in how many each event occurred.

    `known`: of how many runs it is known whether an event occurred, where that is not all: others lack its numbers.
    """

    runs: int
    events: Mapping[str, int]
    known: Mapping[str, int] = MappingProxyType({})

    def of(self, event: str) -> int:
        """Number of runs of which it is known whether an event occurred."""
        return self.known.get(event, self.runs)

    def share(self, event: str) -> float:
        """Share of these runs in which an event occurred, 0 without any."""
        return self.events.get(event, 0) / self.of(event) if self.of(event) else 0.0

    @property
    def assessed(self) -> int:
        """Number of runs in which collapse was observed or ruled out: they got on track and did not diverge instead."""
        return self.of("bad-end") - self.events.get("bad-end", 0) + self.events.get("collapse", 0)


def fates(experiment: Experiment, events: pd.DataFrame, by: float = 1.0) -> dict[str, Fate]:
    """The event counts of every arm of an experiment, of events within the share `by` of training.

    Where a level of the rule `collapse` stands for a rule `reach`, no run counts as one that was never on track by it.
    """
    found = {}
    for arm in experiment.names:
        own = events[events["arm"] == arm]
        occurred = within(own, by).groupby(own["event"]).sum()
        counts = {str(event): int(count) for event, count in occurred.items()}
        runs = own["seed"].nunique()
        seen = {event: own.loc[own["event"] == event, "seed"].nunique() for event in ("bad-end", "collapse", "reach")}
        if experiment.on_track_by_level:
            seen["reach"] = runs
            counts |= {"reach": runs} if runs else {}
        found[arm] = Fate(runs, counts, {event: n for event, n in seen.items() if n < runs})
    return found


def within(events: pd.DataFrame, by: float) -> pd.Series:
    """Whether each event was observed within the share `by` of training."""
    return events["observed"] & (events["step"] <= (by * events["end"]).round(6))
