"""What a kind of protocol may declare, and what follows from it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from vigan.protocols.base import Cost, Metric, ProtocolKind

WORDS: dict[str, Any] = {"title": "Colours", "definition": "number of colours", "source": "here"}
COLOURS = Metric(**WORDS, better="higher")
KIND = ProtocolKind(
    name="colours",
    metrics={"colours": COLOURS, "rare_colours": replace(COLOURS, least=1000)},
    sources=frozenset({"images"}),
    notes=(("Samples", "{n}"),),
    estimator="paint:colours",
)


@pytest.mark.parametrize(
    ("changes", "samples"),
    [({}, 2), ({"compares": False}, 1), ({"input": "decoded"}, 1)],
)
def test_real_samples_follow_from_what_is_compared_with_what(changes: dict[str, Any], samples: int) -> None:
    assert replace(KIND, **changes).real_samples == samples


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"metrics": {}}, "at least one metric"),
        ({"sources": frozenset()}, "at least one source"),
        ({"estimator": None}, "either an 'estimator' or an 'evaluator'"),
        ({"evaluator": "vigan.evaluation.toy_modes:ToyModes"}, "either an 'estimator' or an 'evaluator'"),
        ({"input": "decoded", "compares": False}, "compared with the reals"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=f"'colours': .*{complaint}"):
        replace(KIND, **changes)


def test_a_metric_is_given_from_its_least_number_of_samples_on() -> None:
    assert KIND.given(999) == ["colours"]
    assert KIND.given(1000) == ["colours", "rare_colours"]


def test_a_metric_s_highest_value_is_its_own_or_follows_from_the_number_of_modes() -> None:
    share, nats = replace(COLOURS, high=1.0), replace(COLOURS, of_modes=math.log)
    assert (share.highest(8), share.highest(None)) == (1.0, 1.0)
    assert (nats.highest(8), nats.highest(None)) == (math.log(8), math.inf)
    assert share.bounded(None)
    assert nats.bounded(8)
    assert not nats.bounded(None)
    assert not COLOURS.bounded(8)
    assert not replace(share, low=-math.inf).bounded(8)


@pytest.mark.parametrize(("better", "sign"), [("lower", -1), ("none", 0), ("higher", 1)])
def test_a_metric_s_sign_is_its_better_direction(better: Any, sign: int) -> None:
    assert replace(COLOURS, better=better).sign == sign


def test_words_ranges_and_costs_are_no_part_of_the_computation() -> None:
    reworded = replace(
        KIND, notes=(), metrics={"colours": replace(COLOURS, high=9.0)}, cost=Cost(start=1.0), least=20, place=3
    )
    assert reworded.computation == KIND.computation


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "hues"}, {"compares": False}, {"input": "decoded"}, {"estimator": "paint:hues"},
        {"extractor": "paint:Eye"}, {"estimator": None, "evaluator": "paint:Colours"},
    ],
)  # fmt: skip
def test_all_that_decides_a_number_is_part_of_the_computation(changes: dict[str, Any]) -> None:
    assert replace(KIND, **changes).computation != KIND.computation


def test_modules_are_those_that_are_imported_to_measure() -> None:
    assert replace(KIND, extractor="eyes:Eye").modules == ("vigan.evaluation.estimator", "paint", "eyes")


def test_seconds_are_those_of_samples_and_of_work_at_a_machine_s_speed() -> None:
    cost = Cost(start=2.0, samples_per_second=10.0, operations=3.0, pair_operations=0.5)
    assert cost.seconds(100, 50.0) == 2 + 10 + (300 + 5000) / 50
