"""Rules that no run could ever meet, or that every run would: beyond a metric's range, or between two snapshots."""

from __future__ import annotations

from collections.abc import Sequence

from vigan.config.claims import Collapse, Measured, OneShare, Reach, TestedClaim
from vigan.config.experiment import Experiment, Protocol
from vigan.protocols.registry import METRICS


def check_event_rule(who: str, rule: Collapse | Reach, experiment: Experiment, modes: int | None) -> None:
    """Raise ValueError if no run could collapse by the rule, whatever it does; `modes`: of the data, if known."""
    if not isinstance(rule, Collapse):
        return
    if rule.once_above:
        _check_in_range(who, "once_above", rule.metric, rule.once_above, modes)
    if line := cannot_happen(rule, _evaluations(experiment)):
        raise ValueError(f"{who}: {line}; give it more 'snapshots'")


def cannot_happen(rule: Collapse, evaluations: Sequence[float]) -> str:
    """Why no run could collapse by a rule that is measured at these shares of training; nothing if one could.

    Nothing, too, where nobody knows when it is measured.
    """
    if evaluations and rule.on_track_by < evaluations[0]:
        return f"'on_track_by' is {rule.on_track_by:g} of training, and {_first(evaluations)}"
    counted = [at for at in evaluations if at >= rule.after]
    if evaluations and len(counted) < rule.consecutive:
        count = "1 evaluation counts" if len(counted) == 1 else f"{len(counted):,} evaluations count"
        return f"'consecutive' is {rule.consecutive:,}, and of a run {count}: no run could collapse"
    return ""


def is_too_early(claim: OneShare, evaluations: Sequence[float]) -> str:
    """Why no event could come as soon as a claim says that is measured at these shares of training, if so."""
    if not evaluations or claim.by >= evaluations[0]:
        return ""
    return f"'by' is {claim.by:g} of training, and {_first(evaluations)}"


def check_stated(who: str, protocol: Protocol, modes: int | None) -> None:
    """Raise ValueError if a value that is stated for real data is none that its metric can have."""
    for metric, value in protocol.real:
        _check_in_range(who, f"real: {metric}", metric, value, modes)


def check_claim_rule(who: str, claim: TestedClaim, experiment: Experiment, modes: int | None) -> None:
    """Raise ValueError if a claim's margin is as wide as its metric's range, or its event cannot happen in time."""
    if isinstance(claim, OneShare):
        _check_in_time(who, claim, experiment)
    if isinstance(claim, Measured):
        known = METRICS[claim.metric]
        span = known.highest(modes) - known.low
        if not claim.margin < span:
            raise ValueError(
                f"{who}: no two values of '{claim.metric}' differ by more than {span:g}, and 'margin' is "
                f"{claim.margin:g}"
            )


def _check_in_time(who: str, claim: OneShare, experiment: Experiment) -> None:
    if line := is_too_early(claim, _evaluations(experiment)):
        raise ValueError(f"{who}: {line}; give it more 'snapshots'")
    rule = experiment.collapse
    if claim.event == "bad-end" and rule is not None and claim.by < rule.on_track_by:
        raise ValueError(
            f"{who}: 'by' is {claim.by:g} of training, and that a run is never on track is known after "
            f"{rule.on_track_by:g} of it: lower 'on_track_by' of the rule 'collapse', or raise 'by'"
        )
    if claim.event == "collapse" and rule is not None and claim.by < rule.after:
        raise ValueError(
            f"{who}: 'by' is {claim.by:g} of training, and by 'after' no run collapses before {rule.after:g}"
        )


def _check_in_range(who: str, field: str, metric: str, value: float, modes: int | None) -> None:
    low, high = METRICS[metric].low, METRICS[metric].highest(modes)
    if not low <= value <= high:
        raise ValueError(f"{who}: '{field}' is {value:g}, and '{metric}' lies from {low:g} to {high:g}")


def _evaluations(experiment: Experiment) -> list[float]:
    """The shares of training at which a run is measured, but for its start; empty where files alone know them."""
    steps = experiment.snapshot_steps if experiment.arms else ()
    return [step / experiment.iterations for step in steps if step]


def _first(evaluations: Sequence[float]) -> str:
    return f"a run is first measured after {evaluations[0]:g}"
