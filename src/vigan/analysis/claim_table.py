"""The table of claims: rule, evidence and verdict of each, beside the verdict of its first rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd

from vigan.analysis.alike import alike_in_failing, remark
from vigan.analysis.elsewhere import not_trained_here
from vigan.analysis.fates import Fate, fates
from vigan.analysis.inference import infer
from vigan.analysis.outcomes import (
    Measurements,
    Outcome,
    difference_summary,
    half_begun,
    outcome,
    unaccounted,
)
from vigan.analysis.shared_steps import at_shared_steps
from vigan.analysis.testability import ALL, untestable
from vigan.analysis.verdicts import Case, Judged, judge
from vigan.config.claims import (
    Boundary,
    OneShare,
    PairedMean,
    PairedShares,
    PairedSign,
    PairedTime,
    TestedClaim,
    Untested,
    arms_of,
    event_of,
    named_arms,
)
from vigan.config.experiment import Experiment
from vigan.config.study import Study
from vigan.describe.claims import describe_effect, describe_event, describe_rule, format_margin, name_of_test
from vigan.protocols.registry import METRICS

BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)
CLAIM_COLUMNS = [
    "id", "experiment", "arms", "statement", "place", "rule", "test", "verdict", "reason", "n",
    "estimate", "low", "high", "unit", "median_difference", "lowest_difference", "highest_difference",
    "margin", "boundary", *(f"p_{side}_{at.replace('-', '_')}" for at in BOUNDARIES for side in ("above", "below")),
    "p_supported", "p_contradicted", "p_equivalent", "event", "event_rule", "fates", "changed", "first_verdict",
    "figures",
]  # fmt: skip
"""p_above_margin to p_below_minus_margin: each test alone. p_supported to p_equivalent: corrected over the claims."""

FIGURES = {
    "paired-sign": "seeds;curves", "paired-mean": "seeds;curves", "paired-time": "survival;curves",
    "paired-shares": "survival;curves", "share": "survival;curves",
}  # fmt: skip
"""The figures that show what a test is about."""


class History(NamedTuple):
    """By claim: what in its rule was changed after its runs, and which verdicts earlier rules gave.

    `withdrawn`: claims recorded with the runs that the study no longer states and that no other claim replaces.
    `unjudged`: how many claims that had a rule then have none now, nor another that took their place.
    """

    changed: Mapping[str, str]
    first: Mapping[str, str]
    withdrawn: tuple[str, ...] = ()
    unjudged: int = 0


NO_HISTORY = History({}, {})
Seeds = Mapping[str, Sequence[int]]
"""By arm."""
NO_OTHERS: Mapping[str, Seeds] = {}
WITHDRAWN = "It is kept with the runs and no longer in the study's file: it was withdrawn after them."


class _Found(NamedTuple):
    case: Case
    outcome: Outcome
    home: str
    fates: Mapping[str, Fate]
    failing: Mapping[str, str]
    event_rule: str
    note: str


def claim_table(
    study: Study, data: Measurements, history: History = NO_HISTORY, seeds: Mapping[str, Seeds] = NO_OTHERS
) -> pd.DataFrame:
    """One row a claim, in the order of the study file: its rule, its evidence and the verdict.

    `seeds`, by claim and arm: those that it is judged on, where they are not the study's.
    """
    tested = [claim for claim in study.claims if not isinstance(claim, Untested)]
    found = [_found(study, claim, data, seeds.get(claim.id, _named(study, claim))) for claim in tested]
    judged = judge([one.case for one in found], history.unjudged)
    verdicts = {one.case.claim.id: (one, verdict) for one, verdict in zip(found, judged, strict=True)}
    rows = [_untested(claim) if isinstance(claim, Untested) else _row(*verdicts[claim.id]) for claim in study.claims]
    gone = {"verdict": "not tested", "n": 0, "reason": WITHDRAWN, "statement": "(withdrawn)", "place": ""}
    rows += [{"id": id_, **gone} for id_ in history.withdrawn]
    earlier = {"changed": history.changed, "first_verdict": history.first}
    rows = [row | {name: known.get(str(row["id"]), "") for name, known in earlier.items()} for row in rows]
    return pd.DataFrame(rows, columns=CLAIM_COLUMNS)


def _named(study: Study, claim: TestedClaim) -> Seeds:
    """The seeds that a claim names: of its arms those that all of them have, of its control all."""
    return {arm: study.seeds_for(claim) if arm in arms_of(claim) else study.seeds_of(arm) for arm in named_arms(claim)}


def _found(study: Study, claim: TestedClaim, data: Measurements, named: Seeds) -> _Found:
    home = study.experiment_of(arms_of(claim)[0])
    experiment, seeds = study.experiments[home], named[arms_of(claim)[0]]
    data, told, impossible = at_shared_steps(claim, home, experiment, data, named)
    seen = outcome(claim, experiment, study.data_of(home), data, seeds)
    events = _of_named_seeds(study, data.events)
    own = events if not isinstance(claim, OneShare) else events[_is_named(events, named)]
    fared, compared = fates(experiment, own), fates(experiment, _compared(claim, own, seeds))
    counted = fates(experiment, own, claim.by) if isinstance(claim, OneShare) else compared
    failing = alike_in_failing(claim, seen, compared)
    lacking = untestable(claim, compared, experiment.on_track, counted, fared) | failing
    if impossible:
        lacking = lacking | dict.fromkeys(ALL, impossible)
    begun, controls = data.begun, [arm for arm in named if arm not in arms_of(claim)]
    fared_in = {arm: fared[arm].of(event_of(claim) or "") for arm in controls}
    case = Case(
        claim, infer(claim, seen), len(seeds), lacking,
        begun=len(unaccounted(claim, experiment, data, named)),
        halves=len(half_begun(data, named)),
        without=sum(len(set(named[arm])) - known for arm, known in fared_in.items()),
        uncontrolled=not all(fared_in.values()),
        made=any((arm, seed) in begun for arm in arms_of(claim) for seed in named[arm]),
    )  # fmt: skip
    note = told + not_trained_here(experiment, named_arms(claim))
    return _Found(case, seen, home, counted, failing, _event_rule(claim, experiment, failing), note)


def _event_rule(claim: TestedClaim, experiment: Experiment, failing: Mapping[str, str]) -> str:
    """When a run has had the event that the claim, or its verdict, is about, as sentences; nothing if there is none."""
    event = event_of(claim)
    reach = [experiment.reach] if event or failing else []
    rules = [*reach, experiment.collapse] if event in ("collapse", "bad-end") else reach
    return " ".join(describe_event(rule) for rule in rules if rule is not None)


def _of_named_seeds(study: Study, events: pd.DataFrame) -> pd.DataFrame:
    """Events of the runs that the study names: there may be others, of a seed that was added since or left out."""
    arms = [arm for experiment in study.experiments.values() for arm in experiment.names]
    known = events[events["arm"].isin(arms)]
    return known[_is_named(known, {arm: study.seeds_of(arm) for arm in arms})]


def _is_named(events: pd.DataFrame, named: Seeds) -> np.ndarray:
    """Rows of the seeds that are named of their arm, and of arms of which none are."""
    pairs = zip(events["arm"], events["seed"], strict=True)
    return np.array([arm not in named or seed in named[arm] for arm, seed in pairs], dtype=bool)


def _compared(claim: TestedClaim, events: pd.DataFrame, seeds: Sequence[int]) -> pd.DataFrame:
    """Events of the seeds that a claim compares: those of which both its arms have a run; of one arm all."""
    if isinstance(claim, OneShare):
        return events
    shared = set(seeds).intersection(*(events.loc[events["arm"] == arm, "seed"] for arm in claim.arms))
    return events[events["seed"].isin(shared)]


def _row(found: _Found, judged: Judged) -> dict[str, Any]:
    claim, evidence = found.case.claim, found.case.evidence
    note = remark(claim, found.outcome, found.failing, judged.verdict)
    median, lowest, highest = difference_summary(found.outcome) or (np.nan, np.nan, np.nan)
    return {
        "id": claim.id, "experiment": found.home, "arms": ";".join(arms_of(claim)), "statement": claim.statement,
        "place": claim.place, "rule": describe_rule(claim), "test": name_of_test(claim),
        "verdict": judged.verdict, "reason": f"{judged.reason}{note}{found.note}",
        **evidence.estimate._asdict(), "unit": unit_of(claim),
        "median_difference": median, "lowest_difference": lowest, "highest_difference": highest,
        "margin": format_margin(claim), "boundary": evidence.boundary,
        **{_p_name("above", at): p for at, p in evidence.above.items()},
        **{_p_name("below", at): p for at, p in evidence.below.items()},
        "p_supported": judged.supported, "p_contradicted": judged.contradicted,
        "p_equivalent": judged.equivalent, "event": event_of(claim) or "", "event_rule": found.event_rule,
        "fates": _format_fates(claim, found), "figures": FIGURES[claim.test],
    }  # fmt: skip


def _untested(claim: Untested) -> dict[str, object]:
    words = {"id": claim.id, "statement": claim.statement, "place": claim.place}
    return {**words, "verdict": "not tested", "n": 0, "reason": claim.reason}


def _p_name(side: str, boundary: Boundary) -> str:
    return f"p_{side}_{boundary.replace('-', '_')}"


def unit_of(claim: TestedClaim) -> str:
    """What the estimate counts."""
    match claim:
        case OneShare():
            return "share of runs"
        case PairedShares():
            return "difference of two shares of runs"
        case PairedMean():
            return f"{METRICS[claim.metric].title}, mean difference"
        case PairedSign() | PairedTime():
            return f"share of seeds {describe_effect(claim)}"


def _format_fates(claim: TestedClaim, found: _Found) -> str:
    """How often the claim's event occurred, in time, in each arm it depends on: "bn-plain 5/8; bn-regularised 0/8".

    Of arms that are compared: in the seeds that are.
    """
    event = event_of(claim)
    if event is None:
        return ""
    fared = {arm: found.fates[arm] for arm in named_arms(claim)}
    return "; ".join(f"{arm} {fate.events.get(event, 0)}/{fate.of(event)}" for arm, fate in fared.items())
