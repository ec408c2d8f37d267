"""When runs collapsed and when they got on track: events by the study's own rules, and what other rules would say."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from vigan.analysis.estimates import ARM_KEYS
from vigan.analysis.survival import Onset, collapse_onset, kaplan_meier, log_rank, time_to_reach
from vigan.analysis.tables import RUN_KEYS
from vigan.analysis.time_to_event import median_time
from vigan.config.arms import Ledger
from vigan.config.claims import Collapse, Measured, Reach
from vigan.config.experiment import Experiment
from vigan.metrics.registry import METRICS

Rule = Collapse | Reach

OTHER_BELOW, OTHER_CONSECUTIVE = (0.25, 0.5, 0.75), (1, 2, 3)
OTHER_SHARES = (0.25, 0.5, 0.75, 0.9)

EVENT_COLUMNS = [*RUN_KEYS, "event", "step", "images", "g_updates", "observed", "end"]


class Track(NamedTuple):
    """One run's values of one metric at every scheduled snapshot, NaN where it has none, and that of real data."""

    run: tuple[Hashable, ...]
    arm: str
    steps: np.ndarray
    values: np.ndarray
    real: float

    def onset(self, rule: Rule) -> Onset:
        """When the run's event came by a rule."""
        if isinstance(rule, Collapse):
            reference = rule.relative_to if rule.relative_to == "running-maximum" else self.real
            return collapse_onset(
                self.steps, self.values, below=rule.below, relative_to=reference,
                consecutive=rule.consecutive, once_above=rule.once_above, after=rule.after * self.steps[-1],
            )  # fmt: skip
        better = METRICS[rule.metric].better
        assert better != "none"
        target = self.values[0] + rule.share * (self.real - self.values[0])
        return time_to_reach(self.steps, self.values, target=target, better=better)


def tracks(metrics: pd.DataFrame, floors: pd.DataFrame, experiment: Experiment, measured: Measured) -> Iterator[Track]:
    """The course of a metric in every run of `metrics`, the long table's rows of one experiment."""
    protocol = experiment.protocol_of(measured.protocol)
    assert protocol is not None
    rows = metrics[metrics["protocol"] == protocol.name]
    floor = floors[(floors["dataset"] == experiment.dataset) & (floors["protocol"] == protocol.name)]
    real = float(floor.loc[floor["metric"] == measured.metric, "value"].iloc[0])
    course = {name: part.pivot(index=RUN_KEYS, columns="step", values="value") for name, part in rows.groupby("metric")}
    scheduled = course["finite"].reindex(pd.MultiIndex.from_frame(rows[RUN_KEYS].drop_duplicates()))
    values = course.get(measured.metric, scheduled.iloc[:, :0]).reindex_like(scheduled).to_numpy(float)
    steps, taken = scheduled.columns.to_numpy(), scheduled.notna().to_numpy()
    for keys, run, there in zip(scheduled.index, values, taken, strict=True):
        yield Track(keys, str(keys[1]), steps[there], run[there], real)


def events(metrics: pd.DataFrame, floors: pd.DataFrame, experiments: Mapping[str, Experiment]) -> pd.DataFrame:
    """One row per run and event: at which step, after how many images and G updates, and whether it was seen.

    An event that was not seen is censored at the run's last scheduled snapshot, `end`.
    """
    rows = []
    for name, experiment in experiments.items():
        for event, rule in _rules(experiment):
            for track in tracks(metrics[metrics["experiment"] == name], floors, experiment, rule):
                time, observed = track.onset(rule)
                ledger = Ledger.of(experiment.arms[track.arm], int(time))
                row = (event, int(time), ledger.real_images, ledger.g_updates, observed, int(track.steps[-1]))
                rows.append((*track.run, *row))
    return pd.DataFrame(rows, columns=EVENT_COLUMNS)


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
    """What other thresholds would have said: events, median onset and log-rank p of each pair, rule by rule."""
    rows = []
    for name, experiment in experiments.items():
        for event, rule in _rules(experiment):
            known = list(tracks(metrics[metrics["experiment"] == name], floors, experiment, rule))
            for variant in _variants(rule):
                onsets = {arm: [t.onset(variant) for t in known if t.arm == arm] for arm in experiment.arms}
                told = (name, event, _told(variant), variant == rule)
                rows += [(*told, *row) for row in _compared(onsets, experiment.pairs())]
    columns = ["experiment", "event", "rule", "chosen", "arm", "events", "n", "median_step", "p_against_partner"]
    return pd.DataFrame(rows, columns=columns)


def _rules(experiment: Experiment) -> Iterator[tuple[str, Rule]]:
    if experiment.collapse is not None:
        yield "collapse", experiment.collapse
    if experiment.reach is not None:
        yield "reach", experiment.reach


def _variants(rule: Rule) -> list[Rule]:
    """The rule as written among others of its kind, each once, in order."""
    if isinstance(rule, Reach):
        return [rule.model_copy(update={"share": share}) for share in sorted({*OTHER_SHARES, rule.share})]
    belows, lengths = sorted({*OTHER_BELOW, rule.below}), sorted({*OTHER_CONSECUTIVE, rule.consecutive})
    return [rule.model_copy(update={"below": b, "consecutive": c}) for b in belows for c in lengths]


def _told(rule: Rule) -> str:
    if isinstance(rule, Reach):
        return f"{rule.metric}: {rule.share:.0%} of the way to real data"
    return f"{rule.metric} < {rule.below:g} x {rule.relative_to}, {rule.consecutive} in a row"


def _compared(onsets: Mapping[str, Sequence[Onset]], pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[object, ...]]:
    partner = {second: first for first, second in pairs}
    for arm, runs in onsets.items():
        seen = [onset.observed for onset in runs]
        times = [onset.time for onset in runs]
        other = onsets.get(partner.get(arm, ""), [])
        p = log_rank([o.time for o in other], [o.observed for o in other], times, seen) if other and runs else np.nan
        yield arm, sum(seen), len(runs), median_time(times, seen), p
