"""The table of claims: rule, evidence and verdict of each, beside the verdict of its first rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd

from vigan.analysis.alike import alike_in_failing, remark
from vigan.analysis.elsewhere import not_trained_here
from vigan.analysis.inference import infer
from vigan.analysis.outcomes import Fate, Measurements, Occurrences, Outcome, difference_summary, fates, outcome
from vigan.analysis.testability import untestable
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
    """

    changed: Mapping[str, str]
    first: Mapping[str, str]
    withdrawn: tuple[str, ...] = ()


NO_HISTORY = History({}, {})
WITHDRAWN = "It is kept with the runs and no longer in the study's file: it was withdrawn after them."


class _Found(NamedTuple):
    case: Case
    outcome: Outcome
    home: str
    fates: Mapping[str, Fate]
    failing: Mapping[str, str]
    event_rule: str
    note: str


def claim_table(study: Study, data: Measurements, history: History = NO_HISTORY) -> pd.DataFrame:
    """One row a claim, in the order of the study file: its rule, its evidence and the verdict."""
    found = [_found(study, claim, data) for claim in study.claims if not isinstance(claim, Untested)]
    judged = judge([one.case for one in found])
    verdicts = {one.case.claim.id: (one, verdict) for one, verdict in zip(found, judged, strict=True)}
    rows = [
        _untested(claim) if isinstance(claim, Untested) else _row(*verdicts[claim.id], history)
        for claim in study.claims
    ]
    gone = {"verdict": "not tested", "n": 0, "reason": WITHDRAWN, "statement": "(withdrawn)", "place": ""}
    rows += [{"id": id_, **gone} for id_ in history.withdrawn]
    return pd.DataFrame(rows, columns=CLAIM_COLUMNS)


def _found(study: Study, claim: TestedClaim, data: Measurements) -> _Found:
    home = study.experiment_of(arms_of(claim)[0])
    experiment = study.experiments[home]
    seeds = study.seeds_for(claim)
    seen = outcome(claim, experiment, study.data_of(home), data, seeds)
    named = _of_named_seeds(study, data.events)
    fared = fates(experiment, named)
    counted = fates(experiment, named, claim.by) if isinstance(claim, OneShare) else fared
    failing = alike_in_failing(claim, seen, fared)
    lacking = untestable(claim, fared, experiment.on_track, counted) | failing
    begun = sum(any((arm, seed) in data.unfinished for arm in arms_of(claim)) for seed in seeds)
    case = Case(claim, infer(claim, seen), len(seeds), lacking, begun)
    note = not_trained_here(experiment, named_arms(claim))
    return _Found(case, seen, home, counted, failing, _event_rule(claim, experiment, failing), note)


def _event_rule(claim: TestedClaim, experiment: Experiment, failing: Mapping[str, str]) -> str:
    """When a run has had the event that the claim, or its verdict, is about, as sentences; nothing if there is none."""
    event = event_of(claim)
    reach = [experiment.reach] if event or failing else []
    rules = [*reach, experiment.collapse] if event in ("collapse", "bad-end") else reach
    return " ".join(describe_event(rule) for rule in rules if rule is not None)


def _of_named_seeds(study: Study, events: pd.DataFrame) -> pd.DataFrame:
    """Events of the runs that the study names: there may be others, of a seed that was added since or left out."""
    runs = {(run.arm, run.seed) for run in study.every_run()}
    named = [run in runs for run in zip(events["arm"], events["seed"], strict=True)]
    return events[np.array(named, dtype=bool)]


def _row(found: _Found, judged: Judged, history: History) -> dict[str, Any]:
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
        "fates": _format_fates(claim, found),
        "changed": history.changed.get(claim.id, ""), "first_verdict": history.first.get(claim.id, ""),
        "figures": FIGURES[claim.test],
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

    Arms that are compared by shares: in the seeds that are compared.
    """
    event = event_of(claim)
    if event is None:
        return ""
    counts = {arm: (found.fates[arm].events.get(event, 0), found.fates[arm].runs) for arm in named_arms(claim)}
    if isinstance(claim, PairedShares) and isinstance(found.outcome, Occurrences):
        occurred = zip(claim.arms, (found.outcome.first, found.outcome.second), strict=True)
        counts |= {arm: (int(seeds.sum()), len(seeds)) for arm, seeds in occurred}
    return "; ".join(f"{arm} {count}/{runs}" for arm, (count, runs) in counts.items())
