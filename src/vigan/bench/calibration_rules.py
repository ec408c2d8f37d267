"""Rules of every kind by which simulated studies are judged, and the truth about each in a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, NamedTuple, get_args

from vigan.analysis.verdicts import Verdict
from vigan.bench.calibration_processes import MARGINS, Pair, Process
from vigan.config.claims import (
    Boundary,
    Event,
    OneShare,
    Paired,
    PairedMean,
    PairedShares,
    PairedSign,
    PairedTime,
    TestedClaim,
    sign_of,
)

ARMS = ("plain", "regularised")
EVENTS: tuple[Event, ...] = get_args(Event)
BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)
TESTED: tuple[Verdict, ...] = ("supported", "contradicted", "equivalent")
CLOSE = 1e-9


def rules(sampling: str) -> dict[str, TestedClaim]:
    """A rule of every kind, and of those that name a boundary one of each, by its id."""
    made = [*_of_one_arm(sampling), *_of_two_arms(sampling)]
    return {claim.id: claim for claim in made}


FAMILY = ("rare-40", "ends-margin", "collapses-minus-margin", "sign-margin", "mean-zero", "time-zero")
"""The claims of one simulated study, corrected for their number."""


def _of_one_arm(sampling: str) -> list[OneShare]:
    said: dict[str, Any] = {"statement": "", "place": "", "test": "share", "sampling": sampling}
    rare = {**said, "arm": ARMS[1], "event": "bad-end", "direction": "less", "control": ARMS[0]}
    often = {**said, "arm": ARMS[0], "event": "collapse", "direction": "more"}
    return [
        OneShare(id="rare-20", share=0.2, **rare),
        OneShare(id="rare-40", share=0.4, **rare),
        OneShare(id="often-40", share=0.4, **often),
    ]


def _of_two_arms(sampling: str) -> list[TestedClaim]:
    said: dict[str, Any] = {"statement": "", "place": "", "arms": ARMS, "sampling": sampling}
    modes = {"metric": "fair_modes", "protocol": "toy-modes", "direction": "higher", "margin": MARGINS["modes"]}
    fewer = {"test": "paired-shares", "direction": "less", "margin": MARGINS["shares"]}
    time = {"test": "paired-time", "margin": MARGINS["time"]}
    kinds: dict[str, tuple[type[Paired], dict[str, Any]]] = {
        "ends": (PairedShares, {**fewer, "event": "bad-end"}),
        "collapses": (PairedShares, {**fewer, "event": "collapse"}),
        "sign": (PairedSign, {**modes, "test": "paired-sign"}),
        "mean": (PairedMean, {**modes, "test": "paired-mean"}),
        "time": (PairedTime, {**time, "event": "collapse", "direction": "later"}),
        "arrival": (PairedTime, {**time, "event": "reach", "direction": "sooner"}),
    }
    return [
        kind(id=f"{name}-{beyond}", beyond=beyond, **fields, **said)
        for (name, (kind, fields)), beyond in product(kinds.items(), BOUNDARIES)
    ]


def seen(claim: TestedClaim, pair: Pair) -> float:
    """The outcome of a seed for a claim: whether the event occurred in its arm, or the difference of the two runs.

    A sign test depends only on which boundaries a difference is beyond: one representative of each kind is returned.
    """
    match claim:
        case OneShare():
            return float((pair.first if claim.arm == ARMS[0] else pair.second).had(claim.event))
        case PairedShares():
            return float(pair.second.had(claim.event)) - pair.first.had(claim.event)
        case PairedTime():
            return _stand_in(claim, pair.second.when(claim.event) - pair.first.when(claim.event))
        case PairedSign():
            return _stand_in(claim, pair.second.value - pair.first.value)
        case PairedMean():
            return pair.second.value - pair.first.value


def _stand_in(claim: PairedSign | PairedTime, difference: float) -> float:
    claimed, margin = sign_of(claim) * difference, claim.margin
    if claimed >= margin - CLOSE:
        return sign_of(claim) * 2 * margin
    if claimed > CLOSE:
        return sign_of(claim) * margin / 2
    return 0.0 if claimed > -margin + CLOSE else -2 * sign_of(claim) * margin


class Truth(NamedTuple):
    """The estimand, and which verdicts are false."""

    estimand: float
    false: tuple[Verdict, ...]


def truth(claim: TestedClaim, process: Process) -> Truth:
    """The truth about a claim, from the probabilities of the process."""
    sign = sign_of(claim)
    if isinstance(claim, OneShare):
        share = _expected(process, lambda pair: seen(claim, pair))
        return Truth(share, _false({"margin": sign * (share - claim.share)}, "margin"))
    at: dict[Boundary, float] = {"margin": claim.margin, "zero": 0.0, "minus-margin": -claim.margin}
    if isinstance(claim, PairedShares | PairedMean):
        effect = _expected(process, lambda pair: seen(claim, pair))
        return Truth(effect, _false({name: sign * effect - place for name, place in at.items()}, claim.beyond))
    least = {"margin": claim.margin - CLOSE, "zero": CLOSE, "minus-margin": -claim.margin + CLOSE}
    shares = {name: _expected(process, lambda pair, at=at: sign * seen(claim, pair) > at) for name, at in least.items()}
    over, within = {name: share - 0.5 for name, share in shares.items()}, shares["minus-margin"] - shares["margin"]
    return Truth(shares[claim.beyond], _false(over, claim.beyond, most_within=within > 0.5 + CLOSE))


def _expected(process: Process, of: Callable[[Pair], float]) -> float:
    return sum(pair.chance * of(pair) for pair in process)


def _false(beyond: Mapping[str, float], decides: str, most_within: bool = True) -> tuple[Verdict, ...]:
    """The verdicts that are false where the truth is so far `beyond` each boundary; `most_within`: most seeds are."""
    within = beyond["margin"] < -CLOSE and beyond.get("minus-margin", -1.0) > CLOSE and most_within
    true = {"supported": beyond[decides] > CLOSE, "contradicted": beyond[decides] < -CLOSE, "equivalent": within}
    return tuple(verdict for verdict in TESTED if not true[verdict])
