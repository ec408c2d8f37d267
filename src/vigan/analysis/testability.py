"""Verdicts that a study cannot give, and why: an event that never occurs was neither prevented nor shown to be rare."""

from __future__ import annotations

from collections.abc import Mapping

from vigan.analysis.fates import Fate
from vigan.config.claims import (
    BAD,
    ON_TRACK,
    OneShare,
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
    of_all: Mapping[str, Fate] | None = None,
) -> dict[str, str]:
    """The reason by verdict, for every verdict that the claim cannot get from arms with these event counts.

    `counted` are the counts within the share of training that the claim names, where that is not all (the default): a
    control shows that an event is not rare by those alone. `of_all` are the counts of all runs, where `fates` are those
    of the seeds that are compared: that an event can occur, and is seen, is shown by any run at any time.

    A claim about collapse cannot be judged on an arm in which less than the share `on_track` of runs got on track and
    did not diverge; that an event is rare, or equally rare, cannot be concluded where it never occurred, nor that an
    arm is stable where its control is stable, too, nor that it is slow where at least half of its runs never get there.
    """
    event = event_of(claim)
    if event is None:
        return {}
    if event == "collapse" and (reason := _lost(claim, fates, on_track)):
        return dict.fromkeys(ALL, reason)
    seen, every = arms_of(claim) if not isinstance(claim, OneShare) else tuple(fates), of_all or fates
    if not any(every[arm].events.get(event) for arm in seen):
        return dict.fromkeys(_resting_on_absence(claim), _never_seen(event, seen, every))
    if is_stability(claim) and (reason := _as_stable(claim, counted or fates)):
        return dict.fromkeys(("supported", "inconclusive"), reason)
    if claim.direction == "less" and isinstance(claim, OneShare) and event == "reach" and mostly_never(claim, fates):
        return {"supported": _never_at_all(claim, fates)}
    return {}


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
    lost = [arm for arm in arms_of(claim) if fates[arm].assessed < on_track * fates[arm].of("bad-end")]
    counts = ", ".join(f"{fates[arm].assessed} of {fates[arm].of('bad-end')} runs of {arm}" for arm in lost)
    return (
        f"Only {counts} got on track and did not diverge: whether others would have collapsed is open." if lost else ""
    )


def mostly_never(claim: TestedClaim, fates: Mapping[str, Fate]) -> bool:
    """Whether at most half of the runs of each arm of a claim ever got on track."""
    return all(fates[arm].runs and fates[arm].share("reach") <= 0.5 for arm in arms_of(claim))


def _never_at_all(claim: OneShare, fates: Mapping[str, Fate]) -> str:
    fate = fates[claim.arm]
    there = f"{fate.events.get('reach', 0)} of {fate.runs} runs of {claim.arm}"
    return f"Only {there} got on track at all: slow cannot be told from never."


def _never_seen(event: str, arms: tuple[str, ...], fates: Mapping[str, Fate]) -> str:
    runs = sum(fates[arm].of(event) for arm in arms)
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
    there = f"{control.events.get(claim.event, 0)} of {control.of(claim.event)} runs of {claim.control}"
    event = EVENTS[claim.event]
    return f"Without what is studied it is as rare: {event} occurred in {there}{describe_window(claim)}."
