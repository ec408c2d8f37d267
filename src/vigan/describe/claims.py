"""The rules of claims and events, each as one sentence."""

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
RUNS = {"collapse": "with collapse", "bad-end": "with a bad end", "reach": "that get on track"}
"""Runs that have had an event."""

OLDER_FORM = "the rule recorded with them has the form of an earlier version"
"""Of runs whose record of a claim's rule cannot be compared with today's."""


def percent(share: float) -> str:
    """A share as a percentage, not rounded to whole ones: rules that differ read differently."""
    return f"{100 * share:g}%"


def describe_window(claim: TestedClaim) -> str:
    """Within which part of training events count, as the end of a sentence; nothing where that is all of it."""
    by = claim.by if isinstance(claim, OneShare) else 1
    return "" if by == 1 else f" within {percent(by)} of training"


def describe_rule(claim: TestedClaim) -> str:
    """When the claim counts as supported."""
    seeds = "on all seeds of the study, once" if claim.sampling == "fixed" else "on any number of seeds"
    return f"Supported if {_condition(claim)}, {seeds}, at alpha = {claim.alpha:g} (Holm)."


def name_of_test(claim: TestedClaim) -> str:
    """The test in the field's words, such as "exact sign test over seeds"."""
    if claim.sampling == "sequential" or isinstance(claim, PairedMean):
        return "betting test"
    match claim:
        case OneShare():
            return "exact binomial test"
        case PairedShares():
            return "exact unconditional test of paired shares"
        case _:
            return "exact sign test over seeds"


BOUNDARY_WORDS: dict[Boundary, str] = {"margin": "the margin", "zero": "zero", "minus-margin": "minus the margin"}


def format_margin(claim: TestedClaim) -> str:
    """The smallest difference that matters, or the share of a single arm, with its unit."""
    match claim:
        case OneShare():
            return percent(claim.share)
        case PairedTime():
            return f"{percent(claim.margin)} of training"
        case PairedShares():
            return f"{100 * claim.margin:g} percentage points of the runs"
        case _:
            return f"{claim.margin:g}"


def describe_effect(claim: Paired) -> str:
    """The claimed difference: "higher by 1 or more", "not lower by 1 or more", "higher"."""
    if claim.beyond == "zero":
        return claim.direction
    if claim.beyond == "margin":
        return f"{claim.direction} by {format_margin(claim)} or more"
    return f"not {OPPOSITE[claim.direction]} by {format_margin(claim)} or more"


def _condition(claim: TestedClaim) -> str:
    if isinstance(claim, OneShare):
        share = percent(claim.share)
        control = (
            f", where it was observed in more than {share} of those of {claim.control}" if is_stability(claim) else ""
        )
        bound = f"{claim.direction} than {share} of the runs of {claim.arm}"
        return f"{EVENTS[claim.event]} occurs in {bound}{describe_window(claim)} ({name_of_test(claim)}){control}"
    first, second = claim.arms
    what = {
        PairedSign: "in most seeds {subject} of {second} is {beyond} than that of {first}",
        PairedMean: "on average over seeds {subject} of {second} is {beyond} than that of {first}",
        PairedTime: "in most seeds {subject} in {second} is {beyond} than in {first}",
        PairedShares: "the share of runs {subject} in {second} is {beyond} than in {first}",
    }[type(claim)]
    sentence = what.format(subject=_subject(claim), first=first, second=second, beyond=describe_effect(claim))
    matters = f"; what matters: {format_margin(claim)}" if claim.beyond == "zero" else ""
    return f"{sentence} ({name_of_test(claim)}{matters})"


def _subject(claim: Paired) -> str:
    match claim:
        case PairedSign() | PairedMean():
            return f"{claim.metric} ({claim.protocol}, {SCORES[claim.score]})"
        case PairedShares():
            return RUNS[claim.event]
        case _:
            return EVENTS[claim.event]


def _stretch(rule: Collapse) -> str:
    stretch = "one evaluation" if rule.consecutive == 1 else f"{rule.consecutive} evaluations in a row"
    return f"{stretch} and all later ones" if rule.lasting else stretch


def _from(rule: Collapse) -> str:
    level = f", once it has reached {rule.once_above:g}" if rule.once_above else ""
    return level + (f", from {percent(rule.after)} of training on" if rule.after else "")


def _never_on_track(rule: Collapse) -> str:
    level = f", or never has {rule.metric} at {rule.once_above:g} or more" if rule.once_above else ""
    deadline = f", within {percent(rule.on_track_by)} of training" if rule.on_track_by < 1 else ""
    return f"is never on track{level}{deadline}"


def describe_event(rule: Collapse | Reach) -> str:
    """When a run counts as having had the event."""
    if isinstance(rule, Reach):
        return (
            f"On track: {rule.metric} ({rule.protocol}) has gone {percent(rule.share)} of the way from its value "
            "before training to that of real data."
        )
    reference = "the run's own maximum so far" if rule.relative_to == "running-maximum" else "the value of real data"
    return (
        f"Collapse: of a run that has been on track, {rule.metric} ({rule.protocol}) is below {rule.below:g} times "
        f"{reference} at {_stretch(rule)}{_from(rule)}. A bad end: it has collapsed, has diverged (a value that is not "
        f"finite), or {_never_on_track(rule)}."
    )
