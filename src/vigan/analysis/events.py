"""When runs collapsed and when they got on track: events by the study's rules, and their sensitivity to the rules."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from vigan.analysis.elsewhere import real_value, unmeasured, whole
from vigan.analysis.estimates import ARM_KEYS
from vigan.analysis.exact import sign_test
from vigan.analysis.survival import (
    EventTime,
    collapse_onset,
    cumulative_incidence,
    divergence,
    kaplan_meier,
    time_to_reach,
)
from vigan.analysis.tables import RUN_KEYS
from vigan.analysis.time_to_event import median_time
from vigan.config.claims import Collapse, Measured, Reach
from vigan.config.experiment import Experiment
from vigan.describe.claims import percent
from vigan.protocols.registry import METRICS

Rule = Collapse | Reach

OTHER_BELOW, OTHER_CONSECUTIVE = (0.25, 0.5, 0.75), (1, 2, 3)
OTHER_SHARES = (0.25, 0.5, 0.75, 0.9)

COLLAPSED, DIVERGED, NEVER_ON_TRACK = "collapsed", "diverged", "never on track"
"""The ways in which a run can end badly."""

EVENT_COLUMNS = [*RUN_KEYS, "event", "step", "images", "g_updates", "observed", "end", "cause"]


class Trajectory(NamedTuple):
    """One run's values of one metric at every scheduled snapshot, NaN where it has none, and that of real data."""

    run: tuple[Hashable, ...]
    arm: str
    steps: np.ndarray
    values: np.ndarray
    real: float

    @property
    def end(self) -> float:
        """The last scheduled step."""
        return float(self.steps[-1])

    def reaches(self, rule: Reach) -> EventTime:
        """When the run got on track: never, if it had no value to start from."""
        if not np.isfinite(self.values[0]):
            return EventTime(self.end, False)
        better = METRICS[rule.metric].better
        assert better != "none"
        target = self.values[0] + rule.share * (self.real - self.values[0])
        return time_to_reach(self.steps, self.values, target=target, better=better)

    def collapses(self, rule: Collapse, on_track: EventTime) -> EventTime:
        """When the run, once on track, collapsed."""
        if not on_track.observed:
            return EventTime(self.end, False)
        return collapse_onset(
            self.steps, self.values, below=rule.below, consecutive=rule.consecutive, once_above=rule.once_above,
            relative_to=rule.relative_to if rule.relative_to == "running-maximum" else self.real,
            after=max(round(rule.after * self.end, 6), on_track.time), lasting=rule.lasting,
        )  # fmt: skip

    def diverges(self) -> EventTime:
        """When the run had the first value that is not finite."""
        return divergence(self.steps, self.values)

    @property
    def is_finite(self) -> bool:
        """Whether the run never had a value that is not finite."""
        return bool(np.isfinite(self.values).all())


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


def trajectories(
    metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment, measured: Measured
) -> Iterator[Trajectory]:
    """The values of a metric in every run of `metrics`, the long table's rows of one experiment, if it has any."""
    protocol = experiment.protocol_of(measured.protocol)
    assert protocol is not None
    rows = metrics[metrics["protocol"] == protocol.name]
    if rows.empty:
        return
    real = real_value(floors, experiment, protocol.name, measured.metric)
    by_metric = {
        name: part.pivot(index=RUN_KEYS, columns="step", values="value") for name, part in rows.groupby("metric")
    }
    scheduled = by_metric["finite"].reindex(pd.MultiIndex.from_frame(rows[RUN_KEYS].drop_duplicates()))
    values = by_metric.get(measured.metric, scheduled.iloc[:, :0]).reindex_like(scheduled).to_numpy(float)
    steps, taken = scheduled.columns.to_numpy(), scheduled.notna().to_numpy()
    taken = taken & ~unmeasured(scheduled, values)
    diverged = set(rows.loc[rows["status"] == "diverged", RUN_KEYS].itertuples(index=False, name=None))
    for keys, run, there in zip(scheduled.index, values, taken, strict=True):
        if there.any():
            found = Trajectory(keys, str(keys[1]), steps[there], run[there], real)
            yield _diverged(found, steps, experiment.iterations) if keys in diverged else found


def _diverged(run: Trajectory, steps: np.ndarray, end: int) -> Trajectory:
    """The values of a run that has diverged, up to the experiment's end: none is finite from some step on.

    Where only its status says so, that step is the first that it lacks.
    """
    last = run.steps[-1]
    if run.is_finite:
        later = steps[steps > last]
        added = sorted({later[0] if len(later) else max(end, last), max(end, last)})
    else:
        added = [end] if last < end else []
    before = run.steps < min(added, default=np.inf)
    values = np.append(run.values[before], [np.nan] * len(added))
    return run._replace(steps=np.append(run.steps[before], added), values=values)


def tracked_runs(metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment) -> Iterator[TrackedRun]:
    """Every run as the experiment's collapse rule needs it; without a rule `reach` all are on track from the start."""
    assert experiment.collapse is not None
    measured_runs = trajectories(metrics, floors, experiment, experiment.collapse)
    if experiment.reach is None:
        yield from (TrackedRun(trajectory, EventTime(0.0, True)) for trajectory in measured_runs)
        return
    arrivals = {one.run: one.reaches(experiment.reach) for one in _from_the_start(metrics, floors, experiment)}
    yield from (TrackedRun(one, arrivals[one.run]) for one in measured_runs if one.run in arrivals)


def _from_the_start(metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment) -> Iterator[Trajectory]:
    """The values that tell when runs got on track: of those measured before training, for it is gone from there.

    Of others nothing is known but that some diverged.
    """
    assert experiment.reach is not None
    found = trajectories(metrics, floors, experiment, experiment.reach)
    return (one for one in found if one.steps[0] == 0 or not one.is_finite)


def events(metrics: pd.DataFrame, floors: pd.DataFrame, experiments: Mapping[str, Experiment]) -> pd.DataFrame:
    """One row per run and event: at which step, after how many images and G updates, and whether it was observed.

    "reach", "collapse" and "bad-end", where the experiment has the rules that they need. An event that was not observed
    is censored at the run's last scheduled snapshot, `end`, a collapse also where the run diverged. `cause` is the kind
    of bad end.
    """
    rows = []
    for name, experiment in experiments.items():
        own = metrics[metrics["experiment"] == name]
        for trajectory, event, onset, cause in _event_times(own, floors, experiment):
            ledger = experiment.ledger(trajectory.arm, int(onset.time))
            cost = (ledger.real_images, ledger.g_updates) if ledger else (None, None)
            rows.append((*trajectory.run, event, int(onset.time), *cost, onset.observed, int(trajectory.end), cause))
    return whole(pd.DataFrame(rows, columns=EVENT_COLUMNS), ["images", "g_updates"])


def _event_times(
    metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment
) -> Iterator[tuple[Trajectory, str, EventTime, str]]:
    if (rule := experiment.collapse) is not None:
        known = [
            (tracked_run.trajectory, *tracked_run.end(rule))
            for tracked_run in tracked_runs(metrics, floors, experiment)
        ]
        for trajectory, onset, cause in known:
            yield trajectory, "collapse", EventTime(onset.time, cause == COLLAPSED), ""
        yield from ((trajectory, "bad-end", onset, cause) for trajectory, onset, cause in known)
    if experiment.reach is not None:
        for trajectory in _from_the_start(metrics, floors, experiment):
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
