"""The outcome of each seed for one claim, and the seeds of which it is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from vigan.analysis.estimates import SCORES, run_scores
from vigan.analysis.fates import within
from vigan.analysis.metric_bounds import bounds_of
from vigan.analysis.tables import RUN_KEYS
from vigan.config.claims import (
    Measured,
    OneShare,
    PairedMean,
    PairedShares,
    PairedSign,
    PairedTime,
    TestedClaim,
    event_of,
)
from vigan.config.counts import modes_of
from vigan.config.datasets import Dataset
from vigan.config.elsewhere import READING
from vigan.config.experiment import Experiment
from vigan.protocols.registry import METRICS

ROUNDING = 1e-9
"""What is closer than this share of a margin to it has reached it."""
Bools = np.ndarray
Values = Sequence[np.ndarray]
Run = tuple[str, int]
"""(arm, seed)."""
Series = tuple[str, int, str, str]
"""(arm, seed, metric, protocol)."""


class Measurements(NamedTuple):
    """The tables that outcomes are taken from: scores of runs, and events.

    `unfinished`: those numbers of runs that end before their experiment does; they are in none. `metrics` and `floors`:
    the long table that both are of and the numbers of real data, by which runs from elsewhere are compared at steps
    that they share.
    """

    scores: pd.DataFrame
    events: pd.DataFrame
    unfinished: frozenset[Series] = frozenset()
    metrics: pd.DataFrame | None = None
    floors: pd.DataFrame | None = None

    @property
    def begun(self) -> frozenset[Run]:
        """All runs that have a number, or had one before they ended early."""
        early = frozenset((arm, seed) for arm, seed, _, _ in self.unfinished)
        return early | _runs(self.scores) | _runs(self.events)


Near = Literal["", "worst", "all worst", "best"]
"""What most runs of two arms are near: nothing, the metric's worst value, as in all arms at all times, or its best."""


class Differences(NamedTuple):
    """Second arm minus first, seed by seed, in the metric's unit or in shares of training; the largest there can be.

    A difference is infinite where one run of the two diverged and the metric has no bounds; 0 where both did.
    `near`: in most seeds of either arm the value is less than the claim's margin from the metric's worst, which a
    diverged run has, or from its best; "all worst" where in most runs of every arm the best over training is, too.
    """

    values: np.ndarray
    largest: float
    near: Near = ""


class Occurrences(NamedTuple):
    """Whether the event occurred, seed by seed, in the claim's first arm and its second (the same for a single arm)."""

    first: Bools
    second: Bools


Outcome = Differences | Occurrences


def outcome(
    claim: TestedClaim, experiment: Experiment, dataset: Dataset | None, data: Measurements, seeds: Sequence[int]
) -> Outcome:
    """The outcomes of a claim about arms of `experiment`, in the order of those of `seeds` that all its arms have."""
    match claim:
        case PairedSign() | PairedMean():
            return _of_scores(claim, experiment, dataset, data, seeds)
        case PairedTime():
            first, second = _event_rows(claim.arms, claim.event, data.events, seeds)
            shares = [np.where(arm["observed"], arm["step"], arm["end"]) / arm["end"] for arm in (first, second)]
            return Differences(np.asarray(shares[1] - shares[0], dtype=float), 1.0)
        case PairedShares():
            first, second = _event_rows(claim.arms, claim.event, data.events, seeds)
            return Occurrences(first["observed"].to_numpy(bool), second["observed"].to_numpy(bool))
        case OneShare():
            (rows,) = _event_rows((claim.arm,), claim.event, data.events, seeds)
            occurred = within(rows, claim.by).to_numpy(bool)
            return Occurrences(occurred, occurred)


def unaccounted(
    claim: TestedClaim, experiment: Experiment, data: Measurements, seeds: Mapping[str, Sequence[int]]
) -> set[int]:
    """Seeds of which a run was begun, by arm those of `seeds`, that ended early or lacks what the claim is about."""
    read = _read(claim, experiment)
    early = {(arm, seed) for arm, seed, metric, protocol in data.unfinished if (metric, protocol) in read}
    lacking = data.begun - (_runs(_rows_of(claim, experiment, data)) - early)
    return {seed for arm, own in seeds.items() for seed in own if (arm, seed) in lacking}


def half_begun(data: Measurements, seeds: Mapping[str, Sequence[int]]) -> set[int]:
    """Seeds, by arm those of `seeds`, of which a run of one arm was begun, and none of another that has it, too."""
    begun = {seed for arm, own in seeds.items() for seed in own if (arm, seed) in data.begun}
    return {seed for arm, own in seeds.items() for seed in own if seed in begun and (arm, seed) not in data.begun}


def _read(claim: TestedClaim, experiment: Experiment) -> set[tuple[str, str]]:
    """(metric, protocol) of the numbers that a claim, or the rules of its event, are about."""
    if isinstance(claim, PairedSign | PairedMean):
        return {_metric_of(claim, experiment)}
    rules = [experiment.reach, *([] if event_of(claim) == "reach" else [experiment.collapse])]
    return {_metric_of(rule, experiment) for rule in rules if rule is not None}


def _metric_of(measured: Measured, experiment: Experiment) -> tuple[str, str]:
    protocol = experiment.protocol_of(measured.protocol)
    assert protocol is not None
    return measured.metric, protocol.name


def _rows_of(claim: TestedClaim, experiment: Experiment, data: Measurements) -> pd.DataFrame:
    """Rows of the runs that have what a claim is about."""
    if isinstance(claim, PairedSign | PairedMean):
        return _measured(_scores_for(claim, experiment, data), *_metric_of(claim, experiment))
    return data.events[data.events["event"] == event_of(claim)]


def _scores_for(claim: PairedSign | PairedMean, experiment: Experiment, data: Measurements) -> pd.DataFrame:
    """All scores; where no run of the experiment ever had the claim's number, those that diverged lack it, too."""
    metric, protocol = _metric_of(claim, experiment)
    known = data.scores
    is_it = known["arm"].isin(experiment.names) & (known["metric"] == metric) & (known["protocol"] == protocol)
    if is_it.any() or data.metrics is None:
        return known
    rows = data.metrics[data.metrics["arm"].isin(experiment.names) & (data.metrics["protocol"] == protocol)]
    lost = rows.loc[rows["status"] == "diverged", RUN_KEYS].drop_duplicates()
    lost = lost.assign(metric=metric, protocol=protocol, **dict.fromkeys(SCORES, np.nan))
    return pd.concat([known, lost], ignore_index=True) if len(known) else lost


def _runs(table: pd.DataFrame) -> frozenset[Run]:
    if table.empty:
        return frozenset()
    return frozenset((str(arm), int(seed)) for arm, seed in zip(table["arm"], table["seed"], strict=True))


def _of_scores(
    claim: PairedSign | PairedMean,
    experiment: Experiment,
    dataset: Dataset | None,
    data: Measurements,
    seeds: Sequence[int],
) -> Differences:
    scores, (metric, protocol) = _scores_for(claim, experiment, data), _metric_of(claim, experiment)
    rows = scores[scores["arm"].isin(experiment.names) & (scores["metric"] == metric)]
    rows = rows[rows["protocol"] == protocol]
    kept = rows[rows["last"].notna()]  # without those that diverged
    measured = _rows_of(claim, experiment, data)
    shared = _shared(measured, claim.arms, seeds)
    if claim.score != "last" and data.metrics is not None:
        kept = _at_shared_steps(kept, data.metrics, claim, shared)
        shared = shared if kept is not None else []
    ends = bounds_of(claim.metric, modes_of(dataset))
    worst, best = ends if METRICS[claim.metric].better == "higher" else reversed(ends)

    def values(table: pd.DataFrame, arm: str, score: str, present: Sequence[int]) -> np.ndarray:
        own = table[table["arm"] == arm].set_index("seed")[score]
        return own.reindex(list(present)).fillna(worst).to_numpy(float)

    first, second = (values(rows if kept is None else kept, arm, claim.score, shared) for arm in claim.arms)
    ever = [values(rows, arm, "best", _shared(measured, (arm,), seeds)) for arm in experiment.names]
    with np.errstate(invalid="ignore"):
        differences = np.where(first == second, 0.0, second - first)
    return Differences(differences, ends[1] - ends[0], _near((first, second), ever, (worst, best), claim.margin))


def _at_shared_steps(
    scores: pd.DataFrame, metrics: pd.DataFrame, claim: PairedSign | PairedMean, seeds: Sequence[int]
) -> pd.DataFrame | None:
    """Scores of a claim's runs with best values and means over training at the steps that all have; None if at none.

    Only where some are from elsewhere: whoever is measured more often has a better best value, and whoever is measured
    later a better mean. Ours are measured at the same steps.
    """
    protocol = scores["protocol"].iloc[0] if len(scores) else ""
    own = metrics[metrics["arm"].isin(claim.arms) & metrics["seed"].isin(seeds) & (metrics["metric"] == claim.metric)]
    own = own[own["protocol"] == protocol]
    if READING not in set(own["reading"]):
        return scores
    sound = own[own["status"] != "diverged"].groupby(["arm", "seed"])["step"].agg(frozenset)
    steps = frozenset.intersection(*sound) if len(sound) else frozenset(own["step"])
    if not steps:
        return None
    again = run_scores(own[own["step"].isin(steps)]).set_index(["arm", "seed"])[["best", "area"]]
    places = pd.MultiIndex.from_frame(scores[["arm", "seed"]])
    return scores.assign(best=again["best"].reindex(places).to_numpy(), area=again["area"].reindex(places).to_numpy())


def _near(compared: Values, ever: Values, ends: tuple[float, float], margin: float) -> Near:
    worst, best = ends
    if all(_mostly_near(arm, worst, margin) for arm in compared):
        return "all worst" if all(_mostly_near(arm, worst, margin) for arm in ever if len(arm)) else "worst"
    return "best" if all(_mostly_near(arm, best, margin) for arm in compared) else ""


def _mostly_near(values: np.ndarray, bound: float, margin: float) -> bool:
    near = below(values - bound, margin) if np.isfinite(bound) else values == bound
    return bool(2 * np.count_nonzero(near) > len(near))


def below(differences: np.ndarray, margin: float) -> np.ndarray:
    """Which differences are less than a margin, either way, and have not reached it but for rounding."""
    return np.abs(differences) < margin - ROUNDING * margin


def _measured(scores: pd.DataFrame, metric: str, protocol: str) -> pd.DataFrame:
    """The runs that count: of those from elsewhere the ones with this metric; of our own all, for they diverged."""
    apart = scores["reading"] == READING
    return scores[~apart | ((scores["metric"] == metric) & (scores["protocol"] == protocol))] if apart.any() else scores


def _event_rows(arms: Sequence[str], event: str, events: pd.DataFrame, seeds: Sequence[int]) -> list[pd.DataFrame]:
    """The event's rows in each arm, for the seeds that all arms have."""
    rows = events[(events["event"] == event) & events["arm"].isin(arms)]
    shared = _shared(rows, arms, seeds)
    return [rows[rows["arm"] == arm].set_index("seed").loc[shared] for arm in arms]


def _shared(table: pd.DataFrame, arms: Sequence[str], seeds: Sequence[int]) -> list[int]:
    """Those of `seeds` for which a table has rows in all arms, including runs that diverged, in their order."""
    runs = [set(table.loc[table["arm"] == arm, "seed"]) for arm in arms]
    present = set.intersection(*runs)
    return [seed for seed in seeds if seed in present]


def difference_summary(found: Outcome) -> tuple[float, float, float] | None:
    """Median, lowest and highest difference; None for outcomes that are not differences, or if there are none.

    There is no median (NaN) halfway between minus infinity and infinity.
    """
    if isinstance(found, Occurrences) or not len(found.values):
        return None
    with np.errstate(invalid="ignore"):
        median = float(np.median(found.values))
    return median, float(found.values.min()), float(found.values.max())
