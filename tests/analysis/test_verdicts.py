"""Which verdict is reached on which p-values, for how many claims, on how many seeds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from vigan.analysis.exact import Interval
from vigan.analysis.inference import Evidence
from vigan.analysis.multiplicity import holm
from vigan.analysis.verdicts import VERDICTS, Case, Judged, judge
from vigan.config.claims import TestedClaim as Tested

from .studied import OFTEN, SHARES

p_values = st.floats(0, 1)

NO_RUN = "Of no seed that the study names has a run of these arms been made."


def _case(
    supported: float = 1.0,
    contradicted: float = 1.0,
    equivalent: float = 1.0,
    *,
    n: int = 8,
    seeds: int = 8,
    untestable: dict[str, str] | None = None,
    **change: Any,
) -> Case:
    """A claim of paired shares with these p-values, at zero (it needs three that are free of one another)."""
    claim = TypeAdapter(Tested).validate_python({**SHARES, "beyond": "zero", **change})
    above = {"margin": 1.0, "zero": supported, "minus-margin": 0.0}
    below = {"margin": equivalent, "zero": contradicted, "minus-margin": 1.0}
    return Case(claim, Evidence(Interval(0.0, -1.0, 1.0, n), above, below, "zero"), seeds, untestable or {})


def _verdict(*p: float, **change: Any) -> Judged:
    (judged,) = judge([_case(*p, **change)])
    return judged


@pytest.mark.parametrize(
    ("p", "verdict"),
    [
        ((0.01, 0.9, 0.9), "supported"), ((0.9, 0.01, 0.9), "contradicted"), ((0.9, 0.9, 0.01), "equivalent"),
        ((0.01, 0.9, 0.01), "supported"), ((0.9, 0.01, 0.01), "equivalent"), ((0.9, 0.9, 0.9), "inconclusive"),
        ((0.05, 0.9, 0.9), "supported"), ((0.0501, 0.9, 0.9), "inconclusive"), ((0.01, 0.01, 0.01), "supported"),
    ],
)  # fmt: skip
def test_the_first_of_supported_equivalent_and_contradicted_that_is_shown_counts(p, verdict) -> None:
    assert _verdict(*p).verdict == verdict


@given(p_values, p_values, p_values)
def test_a_verdict_is_one_of_six_and_shown_at_alpha(supported, contradicted, equivalent) -> None:
    found = _verdict(supported, contradicted, equivalent)
    assert found.verdict in VERDICTS
    shown = {"supported": supported, "contradicted": contradicted, "equivalent": equivalent}
    assert (found.verdict == "inconclusive") == (min(shown.values()) > 0.05)
    assert found.verdict == "inconclusive" or shown[found.verdict] <= 0.05


@pytest.mark.parametrize(("p", "told"), [((0.012, 1, 1), "p = 0.012"), ((1, 0.034, 1), "p = 0.034"),
                                         ((1, 1, 0.045), "p = 0.045")])  # fmt: skip
def test_the_reason_gives_the_p_that_decided(p, told) -> None:
    assert told in _verdict(*p).reason


def test_the_level_is_the_claims_own() -> None:
    assert _verdict(0.02, alpha=0.01).verdict == "inconclusive"
    assert _verdict(0.02, alpha=0.02).verdict == "supported"


def test_each_kind_of_p_is_corrected_over_all_claims_and_by_itself() -> None:
    cases = [_case(0.01, 0.8, 0.9), _case(0.02, 0.03, 0.9), _case(0.04, 0.9, 0.01)]
    found = judge(cases)
    for kind in ("supported", "contradicted", "equivalent"):
        given_p = [getattr(case.evidence, kind) for case in cases]
        assert [getattr(one, kind) for one in found] == pytest.approx(list(holm(given_p)))
    assert [one.verdict for one in found] == ["supported", "supported", "supported"]
    assert found[0].supported == pytest.approx(0.03)


def test_a_verdict_that_one_claim_allows_many_do_not() -> None:
    assert _verdict(0.03).verdict == "supported"
    assert judge([_case(0.03), _case(0.9)])[0].verdict == "inconclusive"
    assert judge([_case(0.03), _case(0.9)])[0].supported == pytest.approx(0.06)


@pytest.mark.parametrize("n", [7, 5, 1])
@pytest.mark.parametrize("p", [(0.001, 1, 1), (1, 0.001, 1), (1, 1, 0.001), (1, 1, 1)])
def test_a_fixed_rule_is_judged_on_all_of_its_seeds_or_not_at_all(n: int, p) -> None:
    found = _verdict(*p, n=n)
    assert found.verdict == "inconclusive"
    assert found.reason == f"{n} of the 8 seeds that the rule names: it is judged once, on all of them."


@pytest.mark.parametrize("n", [1, 7, 8, 200])
def test_a_sequential_rule_is_judged_on_any_number_of_seeds(n: int) -> None:
    assert _verdict(0.001, n=n, sampling="sequential").verdict == "supported"


def test_without_runs_nothing_is_tested_whatever_else_is_said() -> None:
    found = _verdict(0.001, n=0, untestable={"supported": "no"})
    assert (found.verdict, found.reason) == (
        "not tested",
        "Of no seed that the study names has a run of these arms been made.",
    )
    assert _verdict(0.001, n=0, sampling="sequential").verdict == "not tested"


@pytest.mark.parametrize(
    ("p", "kind"),
    [
        ((0.01, 1, 1), "supported"), ((1, 0.01, 1), "contradicted"), ((1, 1, 0.01), "equivalent"),
        ((1, 1, 1), "inconclusive"),
    ],
)  # fmt: skip
def test_a_verdict_that_these_runs_cannot_give_is_not_testable_here(p, kind: str) -> None:
    found = _verdict(*p, untestable={kind: "nothing to be prevented"})
    assert (found.verdict, found.reason) == ("not testable here", "nothing to be prevented")
    others = dict.fromkeys({"supported", "contradicted", "equivalent", "inconclusive"} - {kind}, "no")
    assert _verdict(*p, untestable=others).verdict == kind


def test_no_claims_have_no_verdicts() -> None:
    assert judge([]) == []


def test_claims_on_one_arm_and_on_two_are_one_family() -> None:
    often = TypeAdapter(Tested).validate_python(OFTEN)
    one = Case(often, Evidence(Interval(0.5, 0, 1, 8), {"margin": 0.03}, {"margin": 1.0}, "margin"), 8, {})
    assert judge([one])[0].verdict == "supported"
    assert judge([one, _case(0.04)])[0].supported == pytest.approx(0.06)


def test_a_fixed_claim_that_may_not_be_judged_yet_helps_no_other_claim() -> None:
    """Its small p-value would be a step down of Holm's, which a claim that cannot be supported must not make."""
    sequential = _case(0.04, sampling="sequential")
    for p in (0.01, 1.0):
        found = judge([_case(p, n=8, seeds=16), sequential])
        assert [one.verdict for one in found] == ["inconclusive", "inconclusive"]
        assert (found[0].supported, found[1].supported) == (1.0, 0.08)
    assert [one.verdict for one in judge([_case(0.01, n=16, seeds=16), sequential])] == ["supported", "supported"]
