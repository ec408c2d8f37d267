"""Rates of false verdicts and power: whole simulated studies, judged by the code that judges real ones.

A verdict depends on how many seeds have each pair of runs, not on their order: studies with equal counts are judged
once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from vigan.analysis.alike import alike_in_failing
from vigan.analysis.events import DIVERGED, NEVER_ON_TRACK
from vigan.analysis.fates import Fate
from vigan.analysis.inference import Evidence, infer
from vigan.analysis.outcomes import Differences, Near, Occurrences, Outcome
from vigan.analysis.testability import untestable
from vigan.analysis.verdicts import Case, Verdict, judge
from vigan.bench.calibration_processes import MODES, Process, Run
from vigan.bench.calibration_rules import ARMS, EVENTS, FAMILY, TESTED, Truth, rules, seen, truth
from vigan.config.claims import OneShare, PairedMean, PairedShares, PairedSign, PairedTime, TestedClaim

Array = np.ndarray[Any, np.dtype[Any]]
WAYS = ("fixed", "sequential", "peeked")
"""Judged once on all seeds, by an exact or a betting test; by betting after every two seeds, until a verdict."""
KINDS: tuple[Verdict, ...] = (*TESTED, "not testable here")
"""The verdicts counted; the rest are inconclusive."""
SLACK = 1e-9


def looks(n: int) -> list[int]:
    """Numbers of seeds at which a sequential study of n seeds is looked at."""
    return sorted({*range(2, n + 1, 2), n})


class Studies(NamedTuple):
    """Simulated studies of one process, and after each number of seeds how many have each pair: (studies, pairs)."""

    process: Process
    tallies: Mapping[int, Array]


def simulated(process: Process, studies: int, numbers: Sequence[int], seed: Sequence[int]) -> Studies:
    """Studies of as many seeds as the largest of `numbers`, with counts at every look."""
    chances = [pair.chance for pair in process]
    pairs = np.random.default_rng(seed).choice(len(process), (studies, max(numbers)), p=chances)
    counts = (pairs[..., None] == np.arange(len(process))).cumsum(axis=1)
    return Studies(process, {n: counts[:, n - 1] for n in sorted({look for most in numbers for look in looks(most)})})


def verdicts(drawn: Studies, numbers: Sequence[int], chosen: Collection[str] | None = None) -> Iterator[dict[str, Any]]:
    """One row per rule, way and n: how many studies got each verdict and an interval that covers; what is false.

    Of all `rules`, or of the chosen ones.
    """
    for sampling in ("fixed", "sequential"):
        for name, claim in rules(sampling).items():
            if chosen is not None and name not in chosen:
                continue
            true = truth(claim, drawn.process)
            labels = {"test": claim.test, "rule": name, "false": true.false}
            yield from ({**labels, **row} for row in _counted(drawn, _alone(claim, true), numbers, sampling))


def families(drawn: Studies, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """One row per way and n: how many studies got a false verdict of each kind on any of the claims `FAMILY`."""
    labels = {"test": "family", "rule": "any", "false": TESTED}
    for sampling in ("fixed", "sequential"):
        claims = [rules(sampling)[name] for name in FAMILY]
        yield from ({**labels, **row} for row in _counted(drawn, _together(claims, drawn.process), numbers, sampling))


Judged = Callable[[Process, Array], Array]
"""Whether each study got each of `KINDS`, and whether its intervals cover: (studies, 5), from its tally of pairs."""


def _counted(drawn: Studies, judged: Judged, numbers: Sequence[int], sampling: str) -> Iterator[dict[str, Any]]:
    needed = numbers if sampling == "fixed" else drawn.tallies
    found = {n: judged(drawn.process, drawn.tallies[n]) for n in needed}
    for n in numbers:
        yield {"way": sampling, "n": n, **_named(found[n])}
        if sampling == "sequential":
            yield {"way": "peeked", "n": n, **_named(_peeked([found[look] for look in looks(n)]))}


def _peeked(found: Sequence[Array]) -> Array:
    """A verdict counts if any look gave it, an interval if it covers at all of them."""
    stacked = np.stack(found)
    return np.concatenate([stacked[..., :-1].any(axis=0), stacked[..., -1:].all(axis=0)], axis=1)


def _named(found: Array) -> dict[str, int]:
    return dict(zip((*KINDS, "covered"), map(int, found.sum(axis=0)), strict=True))


def _alone(claim: TestedClaim, true: Truth) -> Judged:
    """Judges one claim."""

    def judged(process: Process, tallies: Array) -> Array:
        cases, place = cases_of(claim, process, tallies)
        return np.array([[*_given(case), _covers(case, true)] for case in cases])[place]

    return judged


def _given(case: Case) -> list[bool]:
    verdict = judge([case])[0].verdict
    return [verdict == kind for kind in KINDS]


def _together(claims: Sequence[TestedClaim], process: Process) -> Judged:
    """Judges claims together, counting false verdicts on any of them."""
    truths = [truth(claim, process) for claim in claims]

    def judged(process: Process, tallies: Array) -> Array:
        cases, places = zip(*(cases_of(claim, process, tallies) for claim in claims), strict=True)
        studies, place = np.unique(np.stack(places, axis=1), axis=0, return_inverse=True)
        rows = [[found[at] for found, at in zip(cases, study, strict=True)] for study in studies]
        return np.array([_any_false(row, truths) for row in rows])[place.ravel()]

    return judged


def _any_false(cases: Sequence[Case], truths: Sequence[Truth]) -> list[bool]:
    given = [judged.verdict for judged in judge(cases)]
    wrong = {verdict for verdict, true in zip(given, truths, strict=True) if verdict in true.false}
    covers = all(_covers(case, true) for case, true in zip(cases, truths, strict=True))
    return [*(kind in wrong for kind in KINDS), covers]


def _covers(case: Case, true: Truth) -> bool:
    interval = case.evidence.estimate
    return interval.low - SLACK <= true.estimand <= interval.high + SLACK


def cases_of(claim: TestedClaim, process: Process, tallies: Array) -> tuple[list[Case], Array]:
    """The distinct cases of a claim over all studies, and the index of each study's case.

    All seeds that the rule names have been run.
    """
    n = int(tallies[0].sum())
    values, kind = np.unique([seen(claim, pair) for pair in process], return_inverse=True)
    counts, counted = np.unique(tallies @ np.eye(len(values), dtype=int)[kind], axis=0, return_inverse=True)
    lacking, spared = _lacking(claim, process, tallies)
    both, place = np.unique(np.stack([counted.ravel(), spared], axis=1), axis=0, return_inverse=True)
    return [
        Case(claim, evidence_on(claim, values.tolist(), counts[at].tolist()), n, dict.fromkeys(lacking[which], ""))
        for at, which in both
    ], place.ravel()


def _lacking(claim: TestedClaim, process: Process, tallies: Array) -> tuple[list[tuple[str, ...]], Array]:
    """The distinct sets of verdicts that studies cannot get, and the index of each study's set."""
    marks = [[mark for run in (pair.first, pair.second) for mark in _marks(claim, run)] for pair in process]
    counts, place = np.unique(tallies @ np.array(marks, dtype=int), axis=0, return_inverse=True)
    found = [tuple(_passed_over(claim, int(tallies[0].sum()), row.tolist())) for row in counts]
    distinct = list(dict.fromkeys(found))
    return distinct, np.array([distinct.index(one) for one in found])[place.ravel()]


def _marks(claim: TestedClaim, run: Run) -> list[bool]:
    """What is counted of a run: which events it had; or whether it ended near the worst value, and was never far."""
    if not isinstance(claim, PairedSign | PairedMean):
        return [run.had(event) for event in EVENTS]
    failed = run.value < claim.margin
    return [failed, failed and run.cause in {NEVER_ON_TRACK, DIVERGED}]


def _passed_over(claim: TestedClaim, n: int, counts: Sequence[int]) -> Mapping[str, str]:
    if not isinstance(claim, PairedSign | PairedMean):
        return untestable(claim, fates_of(n, counts))
    mostly = [2 * count > n for count in counts]
    near: Near = "all worst" if all(mostly) else "worst" if mostly[0] and mostly[2] else ""
    return alike_in_failing(claim, Differences(np.zeros(n), float(MODES), near), {})


def fates_of(n: int, counts: Sequence[int]) -> dict[str, Fate]:
    """Event counts of arms of n runs: how often each of `EVENTS` occurred in the first, then in the second."""
    halves = counts[: len(EVENTS)], counts[len(EVENTS) :]
    return {arm: Fate(n, dict(zip(EVENTS, half, strict=True))) for arm, half in zip(ARMS, halves, strict=True)}


def evidence_on(claim: TestedClaim, values: Sequence[float], counts: Sequence[int]) -> Evidence:
    """The evidence of `infer` from `counts` seeds of each of `values`.

    For shares and means, neither the interval nor a p-value depends on which boundary decides.
    """
    if isinstance(claim, PairedShares | PairedMean):
        usual = claim.model_copy(update={"beyond": "margin"})
        return _inferred(usual.model_dump_json(), tuple(values), tuple(counts))._replace(boundary=claim.beyond)
    return _inferred(claim.model_dump_json(), tuple(values), tuple(counts))


@lru_cache(maxsize=200_000)
def _inferred(claim: str, values: tuple[float, ...], counts: tuple[int, ...]) -> Evidence:
    known = _CLAIM.validate_json(claim)
    return infer(known, outcome_of(known, np.repeat(values, counts)))


_CLAIM: TypeAdapter[TestedClaim] = TypeAdapter(TestedClaim)


def outcome_of(claim: TestedClaim, values: Array) -> Outcome:
    """A study's outcome from the value of each seed."""
    if isinstance(claim, OneShare):
        return Occurrences(values > 0, values > 0)
    if isinstance(claim, PairedShares):
        return Occurrences(values < 0, values > 0)
    return Differences(values, 1.0 if isinstance(claim, PairedTime) else float(MODES))
