"""The rule of a claim, told in one sentence."""

from __future__ import annotations

from vigan.config.claims import Collapse, Difference, Occurrence, Reach, TestedClaim, Timing, edge_of

SCORES = {"last": "last value", "best": "best value", "area": "mean over training"}
EVENTS = {"collapse": "collapse", "reach": "getting on track"}


def tell_rule(claim: TestedClaim) -> str:
    """When the claim counts as supported."""
    return f"{_told(claim)}; at alpha = {claim.alpha:g} (Holm), from {claim.least_n} seeds on."


def _told(claim: TestedClaim) -> str:
    match claim:
        case Difference():
            first, second = claim.arms
            return (
                f"Supported if {claim.metric} ({claim.protocol}, {SCORES[claim.score]}) of {second} is "
                f"{claim.direction} than that of {first} by {claim.smallest_effect:g} or more: "
                "paired permutation test over seeds"
            )
        case Timing():
            first, second = claim.arms
            return (
                f"Supported if {EVENTS[claim.event]} comes {claim.direction} in {second} than in {first}, by "
                f"{claim.smallest_effect:.0%} of training or more: log-rank test"
            )
        case Occurrence():
            bound = "least" if claim.direction == "more" else "most"
            return (
                f"Supported if {EVENTS[claim.event]}{_window(claim)} befalls {claim.direction} than {claim.share:.0%} "
                f"of the runs of {claim.arm}, {edge_of(claim):.0%} at {bound}: exact binomial test"
            )


def _window(claim: Occurrence) -> str:
    if (claim.after, claim.by) == (0.0, 1.0):
        return ""
    return f" between {claim.after:.0%} and {claim.by:.0%} of training"


def _stretch(rule: Collapse) -> str:
    return "one evaluation" if rule.consecutive == 1 else f"{rule.consecutive} evaluations in a row"


def _from(rule: Collapse) -> str:
    level = f", once it has reached {rule.once_above:g}" if rule.once_above else ""
    return level + (f", from {rule.after:.0%} of training on" if rule.after else "")


def tell_event(rule: Collapse | Reach) -> str:
    """When an event counts as having come."""
    if isinstance(rule, Reach):
        return (
            f"On track: {rule.metric} ({rule.protocol}) has gone {rule.share:.0%} of the way from its value before "
            "training to that of real data."
        )
    reference = "the run's own maximum so far" if rule.relative_to == "running-maximum" else "the value of real data"
    return (
        f"Collapse: {rule.metric} ({rule.protocol}) is below {rule.below:g} times {reference} at {_stretch(rule)}"
        f"{_from(rule)}; or it is not finite."
    )
