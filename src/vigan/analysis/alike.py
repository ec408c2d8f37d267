"""Arms that are alike for a reason that a reader must know: both fail, or both are at the top."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vigan.analysis.fates import Fate
from vigan.analysis.inference import below_margin
from vigan.analysis.outcomes import Differences, Outcome, below
from vigan.analysis.testability import ALL, mostly_never
from vigan.config.claims import BAD, Boundary, PairedMean, PairedShares, PairedSign, PairedTime, TestedClaim
from vigan.describe.claims import RUNS

AS_GOOD: Mapping[Boundary, tuple[str, ...]] = {
    "margin": ("equivalent",), "zero": ("equivalent",), "minus-margin": ("supported", "equivalent"),
}  # fmt: skip
"""Verdicts that say that the second arm is as good as the first, by the boundary that a claim names."""
NEVER = "at least half of the runs of either were never on track"


def alike_in_failing(claim: TestedClaim, outcome: Outcome, fates: Mapping[str, Fate]) -> dict[str, str]:
    """The reason by verdict, where both arms fail by the claim's metric or event: neither "as good" nor equivalent.

    Where all arms of the experiment fail, no verdict is left: nothing shows that the metric would have told them apart.
    By a metric without a worst value those arms fail of which at least half of the runs were never on track, by the
    experiment's rule.
    """
    if isinstance(claim, PairedTime | PairedShares):
        reason = _failing(claim, fates)
        return dict.fromkeys(AS_GOOD[claim.beyond], f"Both arms fail: {reason}.") if reason else {}
    if not (isinstance(claim, PairedSign | PairedMean) and isinstance(outcome, Differences)):
        return {}
    near = f"{claim.metric} is less than the margin from its worst value"
    if outcome.near == "all worst":
        reason = f"In most runs of every arm, at all times, {near}: nothing shows that it would have told them apart."
        return dict.fromkeys(ALL, reason)
    if outcome.near == "worst":
        return dict.fromkeys(("supported", "equivalent"), f"Both arms fail: in most runs of either {near}.")
    ruled = any("reach" in fate.events for fate in fates.values())
    if np.isinf(outcome.largest) and ruled and mostly_never(claim, fates):
        return dict.fromkeys(AS_GOOD[claim.beyond], f"Both arms fail: {NEVER}.")
    return {}


def _failing(claim: PairedTime | PairedShares, fates: Mapping[str, Fate]) -> str:
    """Why two arms that are compared by an event both fail, if they do."""
    if isinstance(claim, PairedTime):
        return NEVER if claim.event == "reach" and mostly_never(claim, fates) else ""
    worst = 1.0 if claim.event in BAD else 0.0
    away = np.array([fates[arm].share(claim.event) - worst for arm in claim.arms])
    near = below(away, claim.margin).all()
    return f"the share of runs {RUNS[claim.event]} is less than the margin from its worst in either" if near else ""


def remark(claim: TestedClaim, outcome: Outcome, failing: Mapping[str, str], verdict: str) -> str:
    """What a reader of the verdict must know of both arms' values; mostly nothing.

    `failing`: reasons by verdict, as `alike_in_failing` gives them.
    """
    if verdict == "equivalent" and isinstance(outcome, Differences):
        return _of_all_seeds(claim, outcome) + _at_the_top(claim, outcome)
    judged = verdict in {"supported", "contradicted", "inconclusive"}
    return f" {failing['equivalent']}" if judged and "equivalent" in failing else ""


def _of_all_seeds(claim: TestedClaim, outcome: Differences) -> str:
    """In how many seeds the difference is below the margin, where an equivalence is about most of them."""
    if not isinstance(claim, PairedSign | PairedTime):
        return ""
    below, n = int(np.count_nonzero(below_margin(claim, outcome))), len(outcome.values)
    return f" It is in {below} of {n} seeds; of the others nothing is said." if below < n else ""


def _at_the_top(claim: TestedClaim, outcome: Differences) -> str:
    if outcome.near != "best" or not isinstance(claim, PairedSign | PairedMean):
        return ""
    return f" Both are at the top: in most runs of either {claim.metric} is less than the margin from its best value."
