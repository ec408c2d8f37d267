"""The rule of a claim, and of an event, told in one sentence."""

from __future__ import annotations

from vigan.config.claims import (
    Boundary,
    Collapse,
    OneShare,
    Paired,
    PairedMean,
    PairedShares,
    PairedSign,
    PairedTime,
    Reach,
    TestedClaim,
    is_stability,
)

SCORES = {"last": "last value", "best": "best value", "area": "mean over training"}
OPPOSITE = {
    "higher": "lower", "lower": "higher", "later": "sooner", "sooner": "later", "more": "less", "less": "more",
}  # fmt: skip
EVENTS = {"collapse": "collapse", "bad-end": "a bad end", "reach": "getting on track"}


def describe_rule(claim: TestedClaim) -> str:
    """When the claim counts as supported."""
    seeds = "on all seeds of the study, once" if claim.sampling == "fixed" else "on any number of seeds"
    return f"Supported if {_condition(claim)}, {seeds}, at alpha = {claim.alpha:g} (Holm)."


def name_of_test(claim: TestedClaim) -> str:
    """The name of the test."""
    if claim.sampling == "sequential" or isinstance(claim, PairedMean):
        return "betting test"
    match claim:
        case OneShare():
            return "exact binomial test"
        case PairedShares():
            return "exact unconditional test of paired shares"
        case _:
            return "exact sign test over seeds"


BOUNDARY_WORDS: dict[Boundary, str] = {"margin": "margin", "zero": "zero", "minus-margin": "minus the margin"}


def format_margin(claim: TestedClaim) -> str:
    """The difference from which on it matters, or the share of a single arm, with its unit."""
    match claim:
        case OneShare():
            return f"{claim.share:.0%}"
        case PairedTime():
            return f"{100 * claim.margin:g}% of training"
        case PairedShares():
            return f"{100 * claim.margin:g} percentage points of the runs"
        case _:
            return f"{claim.margin:g}"


def describe_effect(claim: Paired) -> str:
    """What the claimed difference is beyond: "higher by 1 or more", "not lower by 1 or more", "higher"."""
    if claim.beyond == "zero":
        return claim.direction
    if claim.beyond == "margin":
        return f"{claim.direction} by {format_margin(claim)} or more"
    return f"not {OPPOSITE[claim.direction]} by {format_margin(claim)} or more"


def _condition(claim: TestedClaim) -> str:
    if isinstance(claim, OneShare):
        within = "" if claim.by == 1 else f" within {claim.by:.0%} of training"
        control = f", and in more of those of {claim.control}" if is_stability(claim) else ""
        bound = f"{claim.direction} than {claim.share:.0%} of the runs of {claim.arm}"
        return f"{EVENTS[claim.event]} occurs in {bound}{within}{control} ({name_of_test(claim)})"
    first, second = claim.arms
    what = {
        PairedSign: "in most seeds {subject} of {second} is {beyond} than that of {first}",
        PairedMean: "on average over seeds {subject} of {second} is {beyond} than that of {first}",
        PairedTime: "in most seeds {subject} in {second} is {beyond} than in {first}",
        PairedShares: "the share of runs with {subject} in {second} is {beyond} than in {first}",
    }[type(claim)]
    sentence = what.format(subject=_subject(claim), first=first, second=second, beyond=describe_effect(claim))
    matters = f"; what matters: {format_margin(claim)}" if claim.beyond == "zero" else ""
    return f"{sentence} ({name_of_test(claim)}{matters})"


def _subject(claim: Paired) -> str:
    match claim:
        case PairedSign() | PairedMean():
            return f"{claim.metric} ({claim.protocol}, {SCORES[claim.score]})"
        case _:
            return EVENTS[claim.event]


def _stretch(rule: Collapse) -> str:
    return "one evaluation" if rule.consecutive == 1 else f"{rule.consecutive} evaluations in a row"


def _from(rule: Collapse) -> str:
    level = f", once it has reached {rule.once_above:g}" if rule.once_above else ""
    return level + (f", from {rule.after:.0%} of training on" if rule.after else "")


def describe_event(rule: Collapse | Reach) -> str:
    """When an event counts as having come."""
    if isinstance(rule, Reach):
        return (
            f"On track: {rule.metric} ({rule.protocol}) has gone {rule.share:.0%} of the way from its value before "
            "training to that of real data."
        )
    reference = "the run's own maximum so far" if rule.relative_to == "running-maximum" else "the value of real data"
    return (
        f"Collapse: of a run that has been on track, {rule.metric} ({rule.protocol}) is below {rule.below:g} times "
        f"{reference} at {_stretch(rule)}{_from(rule)}. A bad end: it has collapsed, has diverged (a value that is not "
        "finite), or is never on track."
    )
