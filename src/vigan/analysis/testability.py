"""Verdicts that a study cannot give, and why: an event that never occurs was neither prevented nor shown to be rare."""

from __future__ import annotations

from collections.abc import Mapping

from vigan.analysis.outcomes import Differences, Fate, Outcome
from vigan.config.claims import (
    BAD,
    ON_TRACK,
    OneShare,
    PairedMean,
    PairedSign,
    TestedClaim,
    arms_of,
    event_of,
    is_stability,
)
from vigan.describe.claims import EVENTS, describe_window

ALL = ("supported", "contradicted", "equivalent", "inconclusive")


def untestable(
    claim: TestedClaim,
    fates: Mapping[str, Fate],
    on_track: float = ON_TRACK,
    counted: Mapping[str, Fate] | None = None,
) -> dict[str, str]:
    """The reason by verdict, for every verdict that the claim cannot get from arms with these event counts.

    `counted` are the counts within the share of training that the claim names, where that is not all (the default): a
    control shows that an event is not rare by those alone. That an event can occur, and is seen, is shown at any time.

    A claim about collapse cannot be judged on an arm in which less than the share `on_track` of runs got on track and
    did not diverge; that an event is rare, or equally rare, cannot be concluded where it never occurred, nor that an
    arm is stable where its control is stable, too.
    """
    event = event_of(claim)
    if event is None:
        return {}
    if event == "collapse" and (reason := _lost(claim, fates, on_track)):
        return dict.fromkeys(ALL, reason)
    seen = arms_of(claim) if not isinstance(claim, OneShare) else tuple(fates)
    if not any(fates[arm].events.get(event) for arm in seen):
        return dict.fromkeys(_resting_on_absence(claim), _never_seen(event, seen, fates))
    if is_stability(claim) and (reason := _as_stable(claim, counted or fates)):
        return dict.fromkeys(("supported", "inconclusive"), reason)
    return {}


def alike_in_failing(claim: TestedClaim, outcome: Outcome) -> dict[str, str]:
    """The reason by verdict, where both arms fail by the claim's metric: that is neither "as good" nor equivalent.

    Where all arms of the experiment fail, no verdict is left: nothing shows that the metric would have told them apart.
    """
    if not (isinstance(claim, PairedSign | PairedMean) and isinstance(outcome, Differences)):
        return {}
    near = f"{claim.metric} is less than the margin from its worst value"
    if outcome.near == "all worst":
        reason = f"In most runs of every arm, at all times, {near}: nothing shows that it would have told them apart."
        return dict.fromkeys(ALL, reason)
    if outcome.near == "worst":
        return dict.fromkeys(("supported", "equivalent"), f"Both arms fail: in most runs of either {near}.")
    return {}


def remark(claim: TestedClaim, outcome: Outcome, verdict: str) -> str:
    """What a reader of the verdict must know of both arms' values; mostly nothing."""
    if not (isinstance(claim, PairedSign | PairedMean) and isinstance(outcome, Differences)):
        return ""
    if outcome.near == "worst" and verdict in {"contradicted", "inconclusive"}:
        return f" {alike_in_failing(claim, outcome)['equivalent']}"
    if outcome.near == "best" and verdict == "equivalent":
        return (
            f" Both are at the top: in most runs of either {claim.metric} is less than the margin from its best value."
        )
    return ""


def _resting_on_absence(claim: TestedClaim) -> tuple[str, ...]:
    """Verdicts that would rest on an event that was never observed."""
    if isinstance(claim, OneShare):
        return ("supported", "inconclusive") if claim.direction == "less" else ("contradicted", "inconclusive")
    return ALL


def _lost(claim: TestedClaim, fates: Mapping[str, Fate], on_track: float) -> str:
    return _never_on_track(claim, fates, on_track) or _diverged(claim, fates, on_track)


def _never_on_track(claim: TestedClaim, fates: Mapping[str, Fate], on_track: float) -> str:
    lost = [arm for arm in arms_of(claim) if fates[arm].share("reach") < on_track]
    counts = ", ".join(f"{fates[arm].events.get('reach', 0)} of {fates[arm].runs} runs of {arm}" for arm in lost)
    return f"Only {counts} got on track: what was never on track cannot collapse." if lost else ""


def _diverged(claim: TestedClaim, fates: Mapping[str, Fate], on_track: float) -> str:
    lost = [arm for arm in arms_of(claim) if fates[arm].assessed < on_track * fates[arm].runs]
    counts = ", ".join(f"{fates[arm].assessed} of {fates[arm].runs} runs of {arm}" for arm in lost)
    return (
        f"Only {counts} got on track and did not diverge: whether others would have collapsed is open." if lost else ""
    )


def _never_seen(event: str, arms: tuple[str, ...], fates: Mapping[str, Fate]) -> str:
    runs = sum(fates[arm].runs for arm in arms)
    shown = "prevented" if event in BAD else "slow or fast"
    return (
        f"{EVENTS[event].capitalize()} occurred in none of the {runs} runs of {', '.join(arms)}: there was nothing to "
        f"be {shown}, and nothing shows that the rule would have seen it."
    )


def _as_stable(claim: TestedClaim, fates: Mapping[str, Fate]) -> str:
    assert isinstance(claim, OneShare)
    assert claim.control is not None
    control = fates[claim.control]
    if control.share(claim.event) > claim.share:
        return ""
    return (
        f"Without what is studied it is as rare: {EVENTS[claim.event]} occurred in "
        f"{control.events.get(claim.event, 0)} of {control.runs} runs of {claim.control}{describe_window(claim)}."
    )
