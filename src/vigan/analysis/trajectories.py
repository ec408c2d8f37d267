"""One metric of a run over its snapshots, where it was measured, and runs at the steps that they share."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from vigan.analysis.elsewhere import real_value, unmeasured
from vigan.analysis.survival import EventTime, collapse_onset, divergence, time_to_reach
from vigan.analysis.tables import RUN_KEYS
from vigan.config.claims import Collapse, Measured, Reach
from vigan.config.experiment import Experiment
from vigan.protocols.registry import METRICS


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

    def at(self, steps: np.ndarray) -> Trajectory:
        """The run as it is seen at some steps, ascending, its last among them: from when it diverged on, at all."""
        gone = steps >= self.diverges().time if not self.is_finite else np.zeros(len(steps), dtype=bool)
        seen = steps[gone | np.isin(steps, self.steps)]
        own = dict(zip(self.steps.tolist(), self.values.tolist(), strict=True))
        values = np.array([own.get(step, np.nan) for step in seen.tolist()])
        if gone.any():
            values[np.searchsorted(seen, steps[gone][0])] = np.nan
        return self._replace(steps=seen, values=values)


def trajectories(
    metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment, measured: Measured, *, shared: bool = False
) -> Iterator[Trajectory]:
    """The values of a metric in every run of `metrics`, the long table's rows of one experiment, if it has any.

    With `shared` at the steps that all runs which did not diverge have, else at those that each has.
    """
    found = _on_their_own(metrics, floors, experiment, measured)
    return iter(on_shared_steps(list(found))) if shared else found


def on_shared_steps(runs: Sequence[Trajectory]) -> list[Trajectory]:
    """Runs at the steps that all of them have which never had a value that is not finite; as they are without such."""
    grids = [set(run.steps.tolist()) for run in runs if run.is_finite]
    if not grids:
        return list(runs)
    steps = np.array(sorted(set.intersection(*grids)))
    return [run.at(steps) for run in runs]


def _on_their_own(
    metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment, measured: Measured
) -> Iterator[Trajectory]:
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
