"""A verdict for each claim, by the rule in the study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from vigan.analysis.inference import Evidence
from vigan.analysis.multiplicity import holm
from vigan.config.claims import OneShare, PairedMean, PairedSign, PairedTime, TestedClaim, event_of

Verdict = Literal["supported", "contradicted", "equivalent", "inconclusive", "not testable here", "not tested"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Given = tuple[Verdict, str]
"""A verdict and its reason."""


class Case(NamedTuple):
    """A claim, its evidence, the number of seeds that its rule names, and the verdicts it cannot get (with reasons).

    `begun`: the number of seeds of which a run ended early, or lacks what the claim is about; `halves`: of which an arm
    has a run and another has none; `without`: how many seeds
    that its rule names its control lacks, `uncontrolled`: whether it lacks all; `made`: whether there is a run of its
    arms with one of these seeds.
    """

    claim: TestedClaim
    evidence: Evidence
    seeds: int
    untestable: Mapping[str, str]
    begun: int = 0
    halves: int = 0
    without: int = 0
    uncontrolled: bool = False
    made: bool = False

    @property
    def lacking(self) -> int:
        """How many of the seeds that its rule names it lacks."""
        return self.seeds - self.evidence.estimate.n


class Judged(NamedTuple):
    """A verdict with its reason, and the p-values for each kind of verdict, corrected for the number of claims."""

    verdict: Verdict
    reason: str
    supported: float
    contradicted: float
    equivalent: float


def judge(cases: Sequence[Case], others: int = 0) -> list[Judged]:
    """The verdict on each claim. Each kind of p-value is corrected over all claims (Holm).

    `others`: how many claims there were besides when the runs were made. They enter the correction with p = 1: whoever
    withdraws a claim after a look makes no other surer.

    Supported: beyond the boundary that the rule names. Equivalent: less than the margin either way. Contradicted: short
    of that boundary. The first of them whose p-value is at most the claim's alpha counts, in this order; if there is
    none the verdict is inconclusive. Verdicts that these runs cannot give are passed over: where none is left, it is
    "not testable here". A claim of fixed sampling is judged once, on all the seeds of its rule: without all of them it
    enters Holm's correction with p = 1, and so does a sequential one that lacks a seed of which a run was begun: bets
    hold wherever seeds stop, not for those that are left when others failed, or that were picked by what one arm did.
    """
    kinds = [(1.0, 1.0, 1.0) if _incomplete(case) else _p_values(case.evidence) for case in cases]
    kinds += [(1.0, 1.0, 1.0)] * others
    corrected = zip(*(holm(column) for column in zip(*kinds, strict=True)), strict=True) if kinds else []
    return [
        Judged(*_verdict(case, *map(float, levels)), *map(float, levels))
        for case, levels in zip(cases, corrected, strict=False)
    ]


def _p_values(evidence: Evidence) -> tuple[float, float, float]:
    return evidence.supported, evidence.contradicted, evidence.equivalent


def _incomplete(case: Case) -> bool:
    """Whether a claim lacks seeds without which it is not judged: by a fixed rule any, else those that were begun.

    Any claim waits for the first run of its control.
    """
    lacks = case.lacking != 0 or case.without != 0
    return case.uncontrolled or (lacks and (case.claim.sampling == "fixed" or case.begun + case.halves > 0))


def _verdict(case: Case, supported: float, contradicted: float, equivalent: float) -> Given:
    claim, n = case.claim, case.evidence.estimate.n
    if not n:
        return "not tested", _no_seed(case)
    lacks = f", and its control lacks {case.without} of its own" if case.without else ""
    if _incomplete(case):
        return "inconclusive", f"{n} of the {case.seeds} seeds that the rule names{lacks}: {_awaited(case)}."
    there = f" {n} of the {case.seeds} seeds that the study names{lacks}." if case.lacking or lacks else ""
    found = _by_tests(claim, supported, contradicted, equivalent)
    given = [one for one in found if one[0] not in case.untestable]
    verdict, reason = given[0] if given else ("not testable here", case.untestable[found[0][0]])
    return verdict, reason + there


def _awaited(case: Case) -> str:
    """Why a claim that lacks seeds is not judged."""
    if case.claim.sampling == "fixed":
        return "it is judged once, on all of them"
    if case.uncontrolled and not case.begun:
        return "without a run of its control nothing shows that the event comes at all"
    halves = f"{case.halves} were begun in some of its arms alone" if case.halves else ""
    return "; ".join(filter(None, (_early(case) if case.begun else "", halves)))


def _early(case: Case) -> str:
    needed = "the number before training" if event_of(case.claim) else "the number"
    return f"runs of {case.begun} ended early, or lack {needed} that the rule reads"


def _no_seed(case: Case) -> str:
    if not case.made:
        return "Of no seed that the study names has a run of these arms been made."
    return f"No seed is whole: {_early(case)}." if case.begun else "No seed has a run of both arms."


def _where(claim: TestedClaim) -> str:
    """What an equivalence is about: a sign test says nothing about the remaining seeds."""
    return "In most seeds" if isinstance(claim, PairedSign | PairedTime) else "On average"


def _short(claim: TestedClaim) -> str:
    words = "short of what is claimed"
    return f"{_where(claim)} {words}" if isinstance(claim, PairedSign | PairedTime | PairedMean) else words.capitalize()


def _by_tests(claim: TestedClaim, supported: float, contradicted: float, equivalent: float) -> list[Given]:
    """The verdicts that tests allow, the first before the next, with their reasons."""
    tested: list[tuple[Verdict, float, str]] = [
        ("supported", supported, "As claimed"),
        ("equivalent", equivalent, f"{_where(claim)} less than the margin, either way"),
        ("contradicted", contradicted, _short(claim)),
    ]
    allowed: list[Given] = [
        (verdict, f"{words}; p = {p:.2g} after correction.") for verdict, p, words in tested if p <= claim.alpha
    ]
    kinds = f"{supported:.2g} for it, {contradicted:.2g} against"
    kinds += "" if isinstance(claim, OneShare) else f", {equivalent:.2g} for a difference below the margin"
    return allowed or [("inconclusive", f"No test decides; p after correction: {kinds}.")]
