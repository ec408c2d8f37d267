"""Claims on events of runs that were made elsewhere: all are seen at the steps that they share, or nothing is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from vigan.analysis.events import events
from vigan.analysis.outcomes import Measurements
from vigan.analysis.trajectories import on_shared_steps, trajectories
from vigan.config.claims import OneShare, TestedClaim, event_of, named_arms
from vigan.config.elsewhere import READING
from vigan.config.experiment import Experiment
from vigan.config.rule_limits import cannot_happen, is_too_early


class Seen(NamedTuple):
    """The numbers that a claim is judged on; a sentence on them, or why no run could have its event; mostly nothing."""

    data: Measurements
    told: str = ""
    impossible: str = ""


def at_shared_steps(
    claim: TestedClaim, home: str, experiment: Experiment, data: Measurements, seeds: Mapping[str, Sequence[int]]
) -> Seen:
    """The numbers of a claim on arms of the experiment `home`, events of its runs at the steps that these share.

    Whoever is measured more often collapses sooner, and more often; whoever is measured later gets on track later. Only
    where some runs are from elsewhere: ours are measured at the same steps. `seeds` are those that it names, by arm.
    """
    if event_of(claim) is None or data.metrics is None or data.floors is None:
        return Seen(data)
    own_events = data.events[data.events["experiment"] == home]
    runs = _compared(claim, own_events, seeds)
    own = data.metrics[(data.metrics["experiment"] == home) & _is_of(data.metrics, runs)]
    if READING not in set(own["reading"]):
        return Seen(data)
    others = data.events[~((data.events["experiment"] == home) & _is_of(data.events, runs))]
    again = events(own, data.floors, {home: experiment}, shared=True)
    seen = data._replace(events=pd.concat([others, again], ignore_index=True) if len(others) else again)
    grids = list(_grids(claim, own, data.floors, experiment))
    fewer = [f"the {len(one.shared)} steps that its runs share ({one.fewest})" for one in grids if one.lost]
    told = f" Events are those that are seen at {fewer[0]}." if fewer else ""
    return Seen(seen, told, _impossible(claim, experiment, grids[0]) if grids else "")


def _compared(claim: TestedClaim, rows: pd.DataFrame, seeds: Mapping[str, Sequence[int]]) -> pd.MultiIndex:
    """(arm, seed) of the runs with a known event that a claim is judged on: of two arms those that are pairs."""
    rows = rows[rows["event"] == event_of(claim)]
    known = {arm: set(rows.loc[rows["arm"] == arm, "seed"]) & set(seeds[arm]) for arm in named_arms(claim)}
    if not isinstance(claim, OneShare):
        known = dict.fromkeys(known, set.intersection(*known.values()))
    runs = [(arm, seed) for arm, own in known.items() for seed in own]
    return pd.MultiIndex.from_frame(pd.DataFrame(runs, columns=["arm", "seed"]))


def _is_of(table: pd.DataFrame, runs: pd.MultiIndex) -> pd.Series:
    return pd.Series(pd.MultiIndex.from_frame(table[["arm", "seed"]]).isin(runs), table.index)


class _Grid(NamedTuple):
    """The steps that runs share, of those at which one of them has its number; words on the run that has the fewest."""

    shared: list[float]
    lost: bool
    fewest: str


def _grids(claim: TestedClaim, own: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment) -> Iterator[_Grid]:
    """By rule of the claim's event, its own first, the steps of runs that did not diverge."""
    rules = [experiment.collapse] if event_of(claim) != "reach" else []
    for rule in filter(None, [*rules, experiment.reach]):
        sound = [run for run in trajectories(own, floors, experiment, rule) if run.is_finite]
        if sound:
            most, least = (choose(sound, key=lambda run: len(run.steps)) for choose in (max, min))
            shared = on_shared_steps(sound)[0].steps.tolist()
            named = f"{least.arm}, seed {least.run[-1]}, has {len(least.steps)} of {len(most.steps)}"
            yield _Grid(shared, len(shared) < len(most.steps), named)


def _impossible(claim: TestedClaim, experiment: Experiment, grid: _Grid) -> str:
    """Why no run could have the claim's event at these steps, in a sentence; mostly nothing."""
    evaluations = [step / experiment.iterations for step in grid.shared if step]
    rule = experiment.collapse if event_of(claim) != "reach" else None
    line = is_too_early(claim, evaluations) if isinstance(claim, OneShare) else ""
    line = line or (cannot_happen(rule, evaluations) if rule else "")
    return f"Its runs share {len(grid.shared)} steps ({grid.fewest}): {line}." if line else ""
