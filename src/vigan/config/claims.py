"""What is to be judged, and by which rule: written in the study file before there are data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vigan.config.arms import Count
from vigan.config.base import Strict, nearest
from vigan.metrics.registry import MEASURED, METRICS

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Pair = Annotated[tuple[str, str], Field(strict=False)]
Event = Literal["collapse", "reach"]


class Measured(Strict):
    """A metric of one of the experiment's protocols, named by its kind."""

    metric: str
    protocol: str

    @model_validator(mode="after")
    def _known(self) -> Measured:
        if self.protocol not in MEASURED:
            raise ValueError(f"unknown protocol kind '{self.protocol}'" + nearest(self.protocol, list(MEASURED)))
        given = MEASURED[self.protocol]
        if self.metric not in given:
            raise ValueError(f"'{self.protocol}' gives no metric '{self.metric}'" + nearest(self.metric, given))
        return self


class Collapse(Measured):
    """When a run counts as collapsed: the onset of a stretch of low values.

    The onset is the first of `consecutive` evaluations, one after the other, whose value is less than `below` times
    the run's own maximum so far ("running-maximum") or the value of real data ("real"). They count from the share
    `after` of training on, and from the evaluation on at which the run first had `once_above`: with neither, a run that
    never learnt has "collapsed" relative to real data at once, and relative to its own maximum never does. A value that
    is not finite is an onset too.
    """

    below: Share
    relative_to: Literal["running-maximum", "real"] = "running-maximum"
    consecutive: Count = 1
    once_above: Annotated[float, Field(ge=0)] = 0.0
    after: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode="after")
    def _falls(self) -> Collapse:
        if METRICS[self.metric].better == "lower":
            raise ValueError(f"'{self.metric}' rises when a generator collapses; name a metric that falls")
        return self


class Reach(Measured):
    """When a run counts as on track: it has gone `share` of the way from its value at step 0 to that of real data."""

    share: Share

    @model_validator(mode="after")
    def _directed(self) -> Reach:
        if METRICS[self.metric].better == "none":
            raise ValueError(f"of '{self.metric}' neither more nor less is better; name a metric with a direction")
        return self


class _Claim(Strict):
    """What all claims say: where the article makes it, and how sure a verdict must be.

    `alpha` is the level after Holm's correction over the study's claims; fewer than `least_n` seeds give no verdict.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")]
    quotation: str
    place: str


class _Tested(_Claim):
    alpha: Share = 0.05
    least_n: Count


class Difference(_Tested, Measured):
    """The second arm of a pair scores higher, or lower, than the first: sign-flip permutation test over seeds.

    `score`: the last value, the best, or the mean over training ("area"). `smallest_effect` is the difference, in the
    metric's unit, from which on it matters. A run without an end counts as the worst value any run had.
    """

    test: Literal["paired-permutation"]
    arms: Pair
    score: Literal["last", "best", "area"] = "last"
    direction: Literal["higher", "lower"]
    smallest_effect: Positive

    @model_validator(mode="after")
    def _directed(self) -> Difference:
        if METRICS[self.metric].better == "none":
            raise ValueError(f"of '{self.metric}' neither more nor less is better; name a metric with a direction")
        return self


class Timing(_Tested):
    """An event comes later, or sooner, in the second arm of a pair: log-rank test.

    `smallest_effect` is the difference in mean time without the event, as a share of training, from which on it
    matters.
    """

    test: Literal["log-rank"]
    arms: Pair
    event: Event
    direction: Literal["later", "sooner"]
    smallest_effect: Share


class Occurrence(_Tested):
    """An event befalls more, or less, than `share` of an arm's runs: exact binomial test.

    Only events within (`after`, `by`], in shares of the training length, count. `smallest_effect` is the distance from
    `share` from which on it matters.
    """

    test: Literal["binomial"]
    arm: str
    event: Event
    direction: Literal["more", "less"]
    share: Share = 0.5
    after: Annotated[float, Field(ge=0, lt=1)] = 0.0
    by: Annotated[float, Field(gt=0, le=1)] = 1.0
    smallest_effect: Share

    @model_validator(mode="after")
    def _possible(self) -> Occurrence:
        if not 0 <= edge_of(self) <= 1 or self.after >= self.by:
            raise ValueError("'share' and 'smallest_effect' leave [0, 1], or 'after' is not before 'by'")
        return self


class Untested(_Claim):
    """A claim of the article that this study cannot judge, and why."""

    test: Literal["none"]
    reason: str


TestedClaim = Difference | Timing | Occurrence
Claim = Annotated[TestedClaim | Untested, Field(discriminator="test")]


def arms_of(claim: Difference | Timing | Occurrence | Untested) -> tuple[str, ...]:
    """Arms that a claim speaks of."""
    match claim:
        case Occurrence():
            return (claim.arm,)
        case Untested():
            return ()
        case _:
            return claim.arms


def sign_of(claim: TestedClaim) -> int:
    """+1 where more of the estimate is claimed, -1 where less is."""
    return 1 if claim.direction in ("higher", "later", "more") else -1


def no_effect_of(claim: TestedClaim) -> float:
    """The estimate if there were no effect, in the claim's own unit."""
    return claim.share if isinstance(claim, Occurrence) else 0.0


def edge_of(claim: TestedClaim) -> float:
    """The estimate if the effect were as claimed and the smallest that matters."""
    return no_effect_of(claim) + sign_of(claim) * claim.smallest_effect
