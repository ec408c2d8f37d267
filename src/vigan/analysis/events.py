"""When runs collapsed and when they got on track: events by the study's rules, and their sensitivity to the rules."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from vigan.analysis.elsewhere import whole
from vigan.analysis.estimates import ARM_KEYS
from vigan.analysis.exact import sign_test
from vigan.analysis.survival import EventTime, cumulative_incidence, kaplan_meier, time_to_reach
from vigan.analysis.tables import RUN_KEYS
from vigan.analysis.time_to_event import median_time
from vigan.analysis.trajectories import Trajectory, trajectories
from vigan.config.claims import Collapse, Reach
from vigan.config.experiment import Experiment
from vigan.describe.claims import percent

Rule = Collapse | Reach

OTHER_BELOW, OTHER_CONSECUTIVE = (0.25, 0.5, 0.75), (1, 2, 3)
OTHER_SHARES = (0.25, 0.5, 0.75, 0.9)

COLLAPSED, DIVERGED, NEVER_ON_TRACK = "collapsed", "diverged", "never on track"
"""The ways in which a run can end badly."""

EVENT_COLUMNS = [*RUN_KEYS, "event", "step", "images", "g_updates", "observed", "end", "cause"]


class TrackedRun(NamedTuple):
    """A run's values of the collapse rule's metric, and when it got on track: all that its events depend on."""

    trajectory: Trajectory
    on_track: EventTime

    def at_risk(self, rule: Collapse) -> EventTime:
        """When the run was on track and had reached the rule's level, if in time: from then on it may collapse."""
        steps, values, end = self.trajectory.steps, self.trajectory.values, self.trajectory.end
        risen = time_to_reach(steps, values, target=rule.once_above, better="higher")
        since = max(self.on_track.time, risen.time)
        in_time = since <= round(rule.on_track_by * end, 6)
        return EventTime(since, self.on_track.observed and risen.observed and in_time)

    def end(self, rule: Collapse) -> tuple[EventTime, str]:
        """When and how the run ended badly, whichever happened first; "" where it did not."""
        at_risk = self.at_risk(rule)
        collapsed = self.trajectory.collapses(rule, at_risk)
        lost = EventTime(self._last_chance(rule), not at_risk.observed)
        ends = [(self.trajectory.diverges(), DIVERGED), (collapsed, COLLAPSED), (lost, NEVER_ON_TRACK)]
        return min((one for one in ends if one[0].observed), key=lambda one: one[0].time, default=(collapsed, ""))

    def _last_chance(self, rule: Collapse) -> float:
        """The last step at which the run could get on track in time; the first of all, if it was measured too late."""
        steps = self.trajectory.steps
        return float(steps[max(0, np.count_nonzero(steps <= round(rule.on_track_by * self.trajectory.end, 6)) - 1)])


def tracked_runs(
    metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment, *, shared: bool = False
) -> Iterator[TrackedRun]:
    """Every run as the experiment's collapse rule needs it; without a rule `reach` all are on track from the start.

    None where the rule compares with real data whose number nobody knows. `shared`: see `trajectories`.
    """
    rule = experiment.collapse
    assert rule is not None
    every = trajectories(metrics, floors, experiment, rule, shared=shared)
    known = (one for one in every if rule.relative_to != "real" or np.isfinite(one.real))
    if experiment.reach is None:
        yield from (TrackedRun(one, EventTime(0.0, True)) for one in known)
        return
    started = _from_the_start(metrics, floors, experiment, shared=shared)
    arrivals = {one.run: one.reaches(experiment.reach) for one in started}
    yield from (TrackedRun(one, arrivals[one.run]) for one in known if one.run in arrivals)


def _from_the_start(
    metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment, *, shared: bool = False
) -> Iterator[Trajectory]:
    """The values that tell when runs got on track: of those measured before training, for it is gone from there.

    Of others no event is known, also of such as diverged: they would be all that is known of their arm.
    """
    assert experiment.reach is not None
    found = trajectories(metrics, floors, experiment, experiment.reach, shared=shared)
    return (one for one in found if one.steps[0] == 0 and np.isfinite(one.real))


def events(
    metrics: pd.DataFrame, floors: pd.DataFrame, experiments: Mapping[str, Experiment], *, shared: bool = False
) -> pd.DataFrame:
    """One row per run and event: at which step, after how many images and G updates, and whether it was observed.

    "reach", "collapse" and "bad-end", where the experiment has the rules that they need. An event that was not observed
    is censored at the run's last scheduled snapshot, `end`, a collapse also where the run diverged. `cause` is the kind
    of bad end. `shared`: runs are seen at the steps that all of an experiment have, else each at its own.
    """
    rows = []
    for name, experiment in experiments.items():
        own = metrics[metrics["experiment"] == name]
        for trajectory, event, onset, cause in _event_times(own, floors, experiment, shared):
            ledger = experiment.ledger(trajectory.arm, int(onset.time))
            cost = (ledger.real_images, ledger.g_updates) if ledger else (None, None)
            rows.append((*trajectory.run, event, int(onset.time), *cost, onset.observed, int(trajectory.end), cause))
    return whole(pd.DataFrame(rows, columns=EVENT_COLUMNS), ["images", "g_updates"])


def _event_times(
    metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment, shared: bool
) -> Iterator[tuple[Trajectory, str, EventTime, str]]:
    if (rule := experiment.collapse) is not None:
        found = tracked_runs(metrics, floors, experiment, shared=shared)
        known = [(tracked_run.trajectory, *tracked_run.end(rule)) for tracked_run in found]
        for trajectory, onset, cause in known:
            yield trajectory, "collapse", EventTime(onset.time, cause == COLLAPSED), ""
        yield from ((trajectory, "bad-end", onset, cause) for trajectory, onset, cause in known)
    if experiment.reach is not None:
        for trajectory in _from_the_start(metrics, floors, experiment, shared=shared):
            yield trajectory, "reach", trajectory.reaches(experiment.reach), ""


def incidence(table: pd.DataFrame) -> pd.DataFrame:
    """Aalen-Johansen curve of each arm and kind of bad end: time (iterations), incidence, its 95% interval."""
    parts = []
    for keys, arm in table[table["event"] == "bad-end"].groupby(ARM_KEYS, sort=False):
        curve = cumulative_incidence(arm["step"], arm["cause"].to_numpy(object))
        parts.append(pd.DataFrame([keys], columns=ARM_KEYS).merge(curve, how="cross"))
    columns = [*ARM_KEYS, "cause", "time", "incidence", "low", "high"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def survival(table: pd.DataFrame) -> pd.DataFrame:
    """Kaplan-Meier curve of each arm and event: time (iterations), survival, its 95% interval, runs at risk."""
    parts = []
    for keys, arm in table.groupby([*ARM_KEYS, "event"], sort=False):
        curve = kaplan_meier(arm["step"], arm["observed"])
        names = pd.DataFrame([keys], columns=[*ARM_KEYS, "event"])
        parts.append(names.merge(curve, how="cross"))
    columns = [*ARM_KEYS, "event", "time", "survival", "low", "high", "at_risk"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def sensitivity(metrics: pd.DataFrame, floors: pd.DataFrame, experiments: Mapping[str, Experiment]) -> pd.DataFrame:
    """Events under other thresholds: how many, their median time, each pair's two-sided sign test of times.

    Other collapse rules are tried with the experiment's own rule for being on track.
    """
    rows = []
    for name, experiment in experiments.items():
        own = metrics[metrics["experiment"] == name]
        for event, variant, onsets in _variants(own, floors, experiment):
            keys = (name, event, _describe(variant), variant == experiment.rule(event))
            rows += [(*keys, *row) for row in _compared(onsets, experiment)]
    columns = ["experiment", "event", "rule", "chosen", "arm", "events", "n", "median_step", "p_against_partner"]
    return pd.DataFrame(rows, columns=columns)


EventTimes = list[tuple[str, Hashable, EventTime]]
"""(arm, seed, onset) of every run."""


def _variants(
    metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment
) -> Iterator[tuple[str, Rule, EventTimes]]:
    """The rules as written and variants of them, each once, in order, with the event time of every run under each."""
    if (rule := experiment.collapse) is not None:
        known = list(tracked_runs(metrics, floors, experiment))
        belows, lengths = sorted({*OTHER_BELOW, rule.below}), sorted({*OTHER_CONSECUTIVE, rule.consecutive})
        for below, length in product(belows, lengths):
            other = rule.model_copy(update={"below": below, "consecutive": length})
            yield "collapse", other, [(c.trajectory.arm, c.trajectory.run[-1], _collapse(c, other)) for c in known]
    if (rule := experiment.reach) is not None:
        measured_runs = list(_from_the_start(metrics, floors, experiment))
        for share in sorted({*OTHER_SHARES, rule.share}):
            other = rule.model_copy(update={"share": share})
            yield (
                "reach",
                other,
                [(trajectory.arm, trajectory.run[-1], trajectory.reaches(other)) for trajectory in measured_runs],
            )


def _collapse(tracked_run: TrackedRun, rule: Collapse) -> EventTime:
    """When a run collapsed; a run that did not counts with all of training, also if it diverged."""
    onset, cause = tracked_run.end(rule)
    return onset if cause == COLLAPSED else EventTime(tracked_run.trajectory.end, False)


def _describe(rule: Rule) -> str:
    if isinstance(rule, Reach):
        return f"{rule.metric}: {percent(rule.share)} of the way to real data"
    stretch = f"{rule.consecutive} in a row{' and to the end' if rule.lasting else ''}"
    return f"{rule.metric} < {rule.below:g} x {rule.relative_to}, {stretch}"


def _compared(onsets: EventTimes, experiment: Experiment) -> Iterator[tuple[object, ...]]:
    partner = {second: first for first, second in experiment.pairs()}
    for arm in experiment.names:
        own = {seed: onset for name, seed, onset in onsets if name == arm}
        other = {seed: onset for name, seed, onset in onsets if name == partner.get(arm)}
        times, seen = [onset.time for onset in own.values()], [onset.observed for onset in own.values()]
        differences = [own[seed].time - other[seed].time for seed in own.keys() & other.keys()]
        p = sign_test(differences) if differences else np.nan
        yield arm, sum(seen), len(own), median_time(times, seen), p
