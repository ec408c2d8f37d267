"""Claims and the rules that judge them, written in the study file before there are data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from vigan.config.base import Count, Positive, Prose, Strict, nearest
from vigan.protocols.registry import KINDS, METRICS

OpenShare = Annotated[float, Field(gt=0, lt=1)]
Pair = Annotated[tuple[str, str], Field(strict=False)]
Event = Literal["collapse", "bad-end", "reach"]
Boundary = Literal["margin", "zero", "minus-margin"]

BAD = ("collapse", "bad-end")
"""Undesirable events; "reach" is desirable."""
ON_TRACK = 0.8
"""Default share of an arm's runs that must get on track and not diverge before a claim about their collapse is tested:
runs that never learn then change a share by at most a fifth."""


class Measured(Strict):
    """A metric of one of the experiment's protocols, given by its full name or its kind.

    The kind is enough where the experiment has one protocol of it.
    """

    metric: str
    protocol: str

    @model_validator(mode="after")
    def _known(self) -> Measured:
        kind = self.protocol.split("/")[0]
        if kind not in KINDS:
            raise ValueError(f"unknown protocol kind '{kind}'" + nearest(kind, list(KINDS)))
        given = KINDS[kind].metrics
        if self.metric not in given:
            raise ValueError(f"'{kind}' gives no metric '{self.metric}'" + nearest(self.metric, list(given)))
        return self


class Collapse(Measured):
    """When a run counts as collapsed: the onset of a stretch of low values, once it has been on track.

    The onset is the first of `consecutive` evaluations in a row whose value is less than `below` times the run's own
    maximum so far ("running-maximum") or the value of real data ("real"). Evaluations count once the run is on track by
    the experiment's rule `reach`, after the share `after` of training, and once its value has reached `once_above`
    (0: whatever it is). The metric is one that is never negative.
    `lasting`: only a stretch that goes on to the end of training counts, not a dip that heals.

    A run that was never on track, whose value never reached `once_above`, or that did not do both within the share
    `on_track_by` of training has not collapsed, and one whose values are not finite has diverged: those are other kinds
    of bad end. Where less than the share `on_track` of an arm's runs get on track and do not diverge, claims about
    their collapse cannot be tested.
    """

    below: OpenShare
    relative_to: Literal["running-maximum", "real"] = "running-maximum"
    consecutive: Count = 1
    once_above: Annotated[float, Field(ge=0)] = 0.0
    on_track: OpenShare = ON_TRACK
    after: Annotated[float, Field(ge=0, lt=1)] = 0.0
    lasting: bool = False
    on_track_by: Annotated[float, Field(gt=0, le=1)] = 1.0

    @model_serializer(mode="wrap")
    def _omit_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        omitted = {"lasting": False, "on_track_by": 1.0}
        return {key: value for key, value in serialize(self).items() if key not in omitted or value != omitted[key]}

    @model_validator(mode="after")
    def _falls(self) -> Collapse:
        if METRICS[self.metric].better == "lower":
            raise ValueError(f"'{self.metric}' rises when a generator collapses; name a metric that falls")
        if METRICS[self.metric].low < 0:
            raise ValueError(f"'{self.metric}' may be negative, where no value is a share of its maximum; name another")
        return self


class Reach(Measured):
    """When a run counts as on track: it has gone `share` of the way from its value at step 0 to that of real data."""

    share: OpenShare

    @model_validator(mode="after")
    def _directed(self) -> Reach:
        _check_directed(self.metric)
        return self


class _Claim(Strict):
    """Fields of every claim: a statement of the article, its place there, and the ids of claims that it replaces."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")]
    statement: Prose
    place: Prose
    replaces: Annotated[tuple[str, ...], Field(strict=False)] = ()


class _Tested(_Claim):
    """The level of a test, and when it may be made.

    `alpha` is the level after Holm's correction over the study's claims; where theirs differ, the chance of any false
    verdict of a kind is at most the largest. "fixed": judged once, on all the seeds that
    the study names. "sequential": judged by betting tests, valid at any number of seeds; seeds may be added at will.
    """

    alpha: OpenShare = 0.05
    sampling: Literal["fixed", "sequential"] = "fixed"


class _Margin(Strict):
    """The smallest difference that matters (`margin`), and the boundary that the claimed difference is beyond.

    "margin": as claimed, and it matters. "zero": as claimed, however small. "minus-margin": any difference in the
    opposite direction does not matter ("no worse").
    """

    margin: Positive
    beyond: Boundary = "margin"


class _Scored(_Tested, Measured, _Margin):
    arms: Pair
    score: Literal["last", "best", "area"] = "last"
    direction: Literal["higher", "lower"]

    @model_validator(mode="after")
    def _directed(self) -> _Scored:
        _check_directed(self.metric)
        return self


class PairedSign(_Scored):
    """In more than half of the seeds the second arm scores higher, or lower, than the first: exact sign test.

    `score`: the last value, the best, or the mean over training ("area"). A run that diverged has the worst value that
    there can be.
    """

    test: Literal["paired-sign"]


class PairedMean(_Scored):
    """On average over seeds the second arm scores higher, or lower, than the first: betting test of a bounded mean.

    For metrics with a lowest and a highest value. A run that diverged has the worse of the two.
    """

    test: Literal["paired-mean"]


class PairedTime(_Tested, _Margin):
    """In more than half of the seeds an event occurs later, or sooner, in the second arm: exact sign test.

    `margin` is a share of training. A run without the event counts with all of training. There is no such test of bad
    ends: that of a run which is never on track would count as the latest of all.
    """

    test: Literal["paired-time"]
    arms: Pair
    event: Literal["collapse", "reach"]
    direction: Literal["later", "sooner"]
    margin: OpenShare  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


class PairedShares(_Tested, _Margin):
    """An event is more, or less, frequent in the second arm than in the first: exact test of paired shares.

    `margin` is a difference of two shares of runs.
    """

    test: Literal["paired-shares"]
    arms: Pair
    event: Event
    direction: Literal["more", "less"]
    margin: OpenShare  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


class OneShare(_Tested):
    """An event occurs in more, or less, than `share` of an arm's runs: exact binomial test.

    `by`: only events within this share of training count. That a bad event is rare is a finding only if it is not rare
    without what is studied: `control` names the arm that shows this.
    """

    test: Literal["share"]
    arm: str
    event: Event
    direction: Literal["more", "less"]
    share: OpenShare
    by: Annotated[float, Field(gt=0, le=1)] = 1.0
    control: str | None = None

    @model_validator(mode="after")
    def _controlled(self) -> OneShare:
        if is_stability(self) and self.control is None:
            raise ValueError(
                "that a bad event is rare is a finding only where it is not rare without what is studied: "
                "name that arm as 'control'"
            )
        return self


class Untested(_Claim):
    """A claim of the article that this study cannot judge, and why."""

    test: Literal["none"]
    reason: Prose


Paired = PairedSign | PairedMean | PairedTime | PairedShares
TestedClaim = Paired | OneShare
Claim = Annotated[TestedClaim | Untested, Field(discriminator="test")]


def _check_directed(metric: str) -> None:
    if METRICS[metric].better == "none":
        raise ValueError(f"of '{metric}' neither more nor less is better; name a metric with a direction")


def arms_of(claim: TestedClaim | Untested) -> tuple[str, ...]:
    """Arms that a claim is about."""
    match claim:
        case OneShare():
            return (claim.arm,)
        case Untested():
            return ()
        case _:
            return claim.arms


def named_arms(claim: TestedClaim) -> tuple[str, ...]:
    """Arms that a claim's verdict depends on: those it is about, and its control."""
    control = claim.control if isinstance(claim, OneShare) else None
    return (*arms_of(claim), *([control] if control else []))


def sign_of(claim: TestedClaim) -> int:
    """+1 where more of the estimate is claimed, -1 where less is."""
    return 1 if claim.direction in ("higher", "later", "more") else -1


def event_of(claim: TestedClaim) -> Event | None:
    """The event that a claim is about, None if it is about a metric."""
    return None if isinstance(claim, PairedSign | PairedMean) else claim.event


def is_stability(claim: TestedClaim) -> bool:
    """Whether the claim is that a bad event is rare in one arm."""
    return isinstance(claim, OneShare) and claim.direction == "less" and claim.event in BAD


def rule_of(claim: TestedClaim) -> dict[str, Any]:
    """The fields of a claim that determine its verdict: all but its wording."""
    return claim.model_dump(mode="json", exclude={"statement", "place", "replaces"})
