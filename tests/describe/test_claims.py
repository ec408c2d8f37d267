"""The rule of every kind of claim, and of every event, in a sentence that says no more than it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from vigan.config.claims import Collapse, Reach
from vigan.config.claims import TestedClaim as Tested
from vigan.describe.claims import describe_effect, describe_event, describe_rule, format_margin, name_of_test

_WORDS = {"id": "C", "statement": "", "place": ""}
_PAIR = {**_WORDS, "arms": ["plain", "reg"]}
SIGN = {
    **_PAIR,
    "test": "paired-sign",
    "metric": "fair_modes",
    "protocol": "toy-modes",
    "direction": "higher",
    "margin": 1.0,
}
MEAN = {**SIGN, "test": "paired-mean", "score": "area"}
TIME = {**_PAIR, "test": "paired-time", "event": "reach", "direction": "sooner", "margin": 0.025}
SHARES = {**_PAIR, "test": "paired-shares", "event": "bad-end", "direction": "less", "margin": 0.2}
STABLE = {
    **_WORDS,
    "test": "share",
    "arm": "reg",
    "event": "bad-end",
    "direction": "less",
    "share": 0.4,
    "control": "plain",
}
OFTEN = {**_WORDS, "test": "share", "arm": "plain", "event": "collapse", "direction": "more", "share": 0.4, "by": 0.5}


def _claim(row: dict[str, Any], **change: Any) -> Any:
    return TypeAdapter(Tested).validate_python({**row, **change})


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (SIGN, "Supported if in most seeds fair_modes (toy-modes, last value) of reg is higher by 1 or more than that "
         "of plain (exact sign test over seeds), on all seeds of the study, once, at alpha = 0.05 (Holm)."),
        (MEAN, "Supported if on average over seeds fair_modes (toy-modes, mean over training) of reg is higher by 1 or "
         "more than that of plain (betting test), on all seeds of the study, once, at alpha = 0.05 (Holm)."),
        ({**MEAN, "sampling": "sequential", "alpha": 0.01, "beyond": "zero"},
         "Supported if on average over seeds fair_modes (toy-modes, mean over training) of reg is higher than that of "
         "plain (betting test; what matters: 1), on any number of seeds, at alpha = 0.01 (Holm)."),
        ({**SIGN, "beyond": "minus-margin", "score": "best"},
         "Supported if in most seeds fair_modes (toy-modes, best value) of reg is not lower by 1 or more than that of "
         "plain (exact sign test over seeds), on all seeds of the study, once, at alpha = 0.05 (Holm)."),
        (TIME, "Supported if in most seeds getting on track in reg is sooner by 2.5% of training or more than in plain "
         "(exact sign test over seeds), on all seeds of the study, once, at alpha = 0.05 (Holm)."),
        (SHARES, "Supported if the share of runs with a bad end in reg is less by 20 percentage points of the runs or "
         "more than in plain (exact unconditional test of paired shares), on all seeds of the study, once, at alpha = "
         "0.05 (Holm)."),
        (STABLE, "Supported if a bad end occurs in less than 40% of the runs of reg (exact binomial test), where it "
         "was observed in more than 40% of those of plain, on all seeds of the study, once, at alpha = 0.05 (Holm)."),
        (OFTEN, "Supported if collapse occurs in more than 40% of the runs of plain within 50% of training "
         "(exact binomial test), on all seeds of the study, once, at alpha = 0.05 (Holm)."),
    ],
    ids=["sign", "mean", "sequential", "no worse", "time", "shares", "stable", "often"],
)  # fmt: skip
def test_a_rule_is_told_in_one_sentence(row: dict[str, Any], rule: str) -> None:
    assert describe_rule(_claim(row)) == rule


@pytest.mark.parametrize(
    ("row", "beyond", "told"),
    [
        (SIGN, "margin", "higher by 1 or more"), (SIGN, "zero", "higher"),
        (SIGN, "minus-margin", "not lower by 1 or more"),
        (TIME, "minus-margin", "not later by 2.5% of training or more"),
        (SHARES, "minus-margin", "not more by 20 percentage points of the runs or more"),
    ],
)  # fmt: skip
def test_what_a_difference_is_beyond_is_told_from_its_own_side(row, beyond: str, told: str) -> None:
    assert describe_effect(_claim(row, beyond=beyond)) == told


@pytest.mark.parametrize(
    ("row", "fixed", "margin"),
    [
        (SIGN, "exact sign test over seeds", "1"), (TIME, "exact sign test over seeds", "2.5% of training"),
        (SHARES, "exact unconditional test of paired shares", "20 percentage points of the runs"),
        (STABLE, "exact binomial test", "40%"), (MEAN, "betting test", "1"),
    ],
    ids=["sign", "time", "shares", "share", "mean"],
)  # fmt: skip
def test_the_test_and_the_margin_have_their_names(row: dict[str, Any], fixed: str, margin: str) -> None:
    assert name_of_test(_claim(row)) == fixed
    assert name_of_test(_claim(row, sampling="sequential")) == "betting test"
    assert format_margin(_claim(row)) == margin


COLLAPSE = {"metric": "coverage", "protocol": "efflite0-128", "below": 0.5}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "coverage (efflite0-128) is below 0.5 times the run's own maximum so far at one evaluation. "),
        ({"consecutive": 2}, "at 2 evaluations in a row. "),
        ({"relative_to": "real", "after": 0.25}, "the value of real data at one evaluation, from 25% of training on. "),
        ({"once_above": 0.1}, "at one evaluation, once it has reached 0.1. "),
        ({"consecutive": 2, "lasting": True}, "at 2 evaluations in a row and all later ones. "),
    ],
)
def test_a_collapse_is_told_with_all_that_it_takes(change: dict[str, Any], told: str) -> None:
    text = describe_event(Collapse.model_validate({**COLLAPSE, **change}))
    assert text.startswith("Collapse: of a run that has been on track, coverage")
    assert told in text
    assert "A bad end: it has collapsed, has diverged (a value that is not finite), or is never on track" in text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "or is never on track."),
        ({"once_above": 0.1}, "or is never on track, or never has coverage at 0.1 or more."),
        ({"on_track_by": 0.5}, "or is never on track, within 50% of training."),
        ({"once_above": 0.1, "on_track_by": 0.5}, "or never has coverage at 0.1 or more, within 50% of training."),
    ],
)
def test_a_bad_end_is_told_with_all_that_it_takes_to_be_on_track(change: dict[str, Any], told: str) -> None:
    assert describe_event(Collapse.model_validate({**COLLAPSE, **change})).endswith(told)


def test_being_on_track_is_told_as_a_share_of_the_way() -> None:
    rule = Reach(metric="frechet", protocol="efflite0-128", share=0.5)
    assert describe_event(rule) == (
        "On track: frechet (efflite0-128) has gone 50% of the way from its value before training to that of real data."
    )


def test_rules_that_differ_read_differently() -> None:
    """0.12 and 0.125 were both "12%", so that a change from one to the other was invisible."""
    finer = _claim(STABLE, share=0.125, by=0.125)
    assert "in less than 12.5% of the runs of reg within 12.5% of training" in describe_rule(finer)
    assert describe_rule(finer) != describe_rule(_claim(STABLE, share=0.12, by=0.125))
    assert format_margin(finer) == "12.5%"
    assert format_margin(_claim(STABLE, share=0.07)) == "7%"
    assert "gone 12.5% of the way" in describe_event(Reach(metric="frechet", protocol="efflite0-128", share=0.125))
    assert "from 12.5% of training on" in describe_event(Collapse.model_validate({**COLLAPSE, "after": 0.125}))
