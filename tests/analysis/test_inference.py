"""Each kind of claim is judged by the test that its rule names, and says the same however it is turned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from vigan.analysis.betting import betting_interval, betting_test
from vigan.analysis.exact import share_interval, share_test
from vigan.analysis.inference import Evidence, infer
from vigan.analysis.outcomes import Differences, Occurrences, Outcome
from vigan.analysis.paired_shares import paired_share_interval, paired_share_test
from vigan.config.claims import TestedClaim as Tested

from .studied import CLAIMS, MEAN, OFTEN, SHARE, SHARES, SIGN, TIME

BOUNDARIES = ("margin", "zero", "minus-margin")
TURNED = {"higher": "lower", "lower": "higher", "later": "sooner", "sooner": "later", "more": "less", "less": "more"}
PAIRED = [SIGN, MEAN, TIME, SHARES]
SAMPLINGS = ["fixed", "sequential"]
modes = st.lists(st.integers(-8, 8), min_size=1, max_size=10).map(lambda values: np.array(values, dtype=float))
booleans = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=10)


def _claim(row: dict[str, Any], **change: Any) -> Tested:
    return TypeAdapter(Tested).validate_python({**row, **change})


def _outcome(claim: Tested, pairs: Any) -> Outcome:
    """Outcomes of a claim, from differences of modes in -8 to 8."""
    values = np.asarray(pairs, dtype=float)
    if claim.test in ("paired-sign", "paired-mean"):
        return Differences(values, 8.0)
    if claim.test == "paired-time":
        return Differences(values / 8, 1.0)
    return Occurrences(values < 0, values > 0)


def _turned(found: Outcome) -> Outcome:
    if isinstance(found, Differences):
        return Differences(-found.values, found.largest)
    return Occurrences(found.second, found.first)


def _exact(values: Any, side: str) -> float:
    return share_test(int(np.sum(values)), len(values), 0.5, "greater" if side == "above" else "less")


DIFFERENCES = np.array([0.0, 1.0, 3.0, 1.0 - 1e-12, -1.0, 5.0, 0.5, -1.0 - 1e-12])


def test_a_sequential_sign_test_bets_on_the_same_seeds() -> None:
    found = infer(_claim(SIGN, sampling="sequential"), Differences(DIFFERENCES, 8.0))
    beyond = {"margin": DIFFERENCES >= 0.999, "zero": DIFFERENCES > 0, "minus-margin": DIFFERENCES > -0.999}
    for boundary, seeds in beyond.items():
        assert found.above[boundary] == betting_test(seeds.astype(float), 0.5, "above")
        assert found.below[boundary] == betting_test(seeds.astype(float), 0.5, "below")
    assert found != infer(_claim(SIGN), Differences(DIFFERENCES, 8.0))


def test_the_sign_test_counts_seeds_beyond_each_boundary() -> None:
    found = infer(_claim(SIGN), Differences(DIFFERENCES, 8.0))
    by_one, any_better, not_worse = DIFFERENCES >= 0.999, DIFFERENCES > 0, DIFFERENCES > -0.999
    assert [int(seeds.sum()) for seeds in (by_one, any_better, not_worse)] == [4, 5, 6]
    for at, seeds in zip(BOUNDARIES, (by_one, any_better, not_worse), strict=True):
        assert found.above[at] == _exact(seeds, "above")
        assert found.below[at] == _exact(seeds, "below")
    assert found.estimate == share_interval(4, 8)


@pytest.mark.parametrize(("beyond", "seeds"), [("margin", 4), ("zero", 5), ("minus-margin", 6)])
def test_the_boundary_that_a_rule_names_decides_and_is_what_is_estimated(beyond: str, seeds: int) -> None:
    found = infer(_claim(SIGN, beyond=beyond), Differences(DIFFERENCES, 8.0))
    assert found.boundary == beyond
    assert found.estimate == share_interval(seeds, 8)
    assert found.supported == found.above[beyond]
    assert found.contradicted == found.below[beyond]
    assert found.equivalent == found.within == share_test(6 - 4, 8, 0.5, "greater")


def test_a_difference_of_exactly_the_margin_has_reached_it_on_either_side() -> None:
    """0.3 - 0.2 and 0.1 are the same margin, whatever they are in binary."""
    reached = infer(_claim(SIGN, margin=0.1), Differences(np.full(6, 0.3 - 0.2), 8.0))
    assert reached.supported == 0.5**6
    worse = infer(_claim(SIGN, margin=0.1, beyond="minus-margin"), Differences(np.full(6, 0.2 - 0.3), 8.0))
    assert worse.contradicted == 0.5**6


def test_time_is_tested_by_its_sign_as_scores_are() -> None:
    shares = np.array([0.2, 0.1, 0.0, -0.05, 0.5, 1.0])
    found = infer(_claim(TIME), Differences(shares, 1.0))
    assert found.supported == _exact(shares >= 0.1, "above")
    assert found.above["zero"] == _exact(shares > 0, "above")
    assert infer(_claim(TIME, direction="sooner"), Differences(-shares, 1.0)) == found


def test_the_mean_is_bet_on_in_the_metrics_range() -> None:
    found = infer(_claim(MEAN), Differences(DIFFERENCES, 8.0))
    unit = (1 + DIFFERENCES / 8) / 2
    assert found.above["margin"] == betting_test(unit, (1 + 1 / 8) / 2, "above")
    assert found.below["zero"] == betting_test(unit, 0.5, "below")
    assert found.above["minus-margin"] == betting_test(unit, (1 - 1 / 8) / 2, "above")
    assert found.estimate[:3] == pytest.approx([16 * end - 8 for end in betting_interval(unit)[:3]])
    assert found.estimate.estimate == pytest.approx(DIFFERENCES.mean())


PAIRS = Occurrences(np.array([1, 1, 1, 1, 1, 0, 0, 1], dtype=bool), np.array([0, 0, 0, 0, 0, 0, 1, 1], dtype=bool))


def test_shares_of_pairs_are_tested_exactly() -> None:
    """Of eight pairs, five had the event in the first arm alone and one in the second alone."""
    found = infer(_claim(SHARES), PAIRS)
    assert found.above == {
        "margin": paired_share_test(5, 1, 8, 0.2), "zero": paired_share_test(5, 1, 8, 0.0),
        "minus-margin": paired_share_test(5, 1, 8, -0.2),
    }  # fmt: skip
    assert found.below["margin"] == paired_share_test(1, 5, 8, -0.2)
    assert found.estimate == paired_share_interval(1, 5, 8)
    assert found.estimate.estimate == -0.5


def test_shares_of_pairs_that_may_be_added_to_are_bet_on() -> None:
    found = infer(_claim(SHARES, sampling="sequential"), PAIRS)
    unit = (1 + (PAIRS.first.astype(float) - PAIRS.second)) / 2
    assert found.above["zero"] == pytest.approx(betting_test(unit, 0.5, "above"))
    assert found.estimate.estimate == -0.5


def test_the_share_of_one_arm_is_tested_against_the_share_that_the_rule_names() -> None:
    came = np.array([True, False, False, False, False, False, False, False])
    found = infer(_claim(SHARE), Occurrences(came, came))
    assert found.supported == share_test(1, 8, 0.4, "less")
    assert found.contradicted == share_test(1, 8, 0.4, "greater")
    assert found.estimate == share_interval(1, 8)
    often = infer(_claim(OFTEN), Occurrences(~came, ~came))
    assert often.supported == share_test(7, 8, 0.4, "greater")
    assert often.contradicted == share_test(7, 8, 0.4, "less")
    assert set(often.above) == {"margin"}


def test_the_share_of_one_arm_is_never_equivalent() -> None:
    for n in (8, 40):
        for ups in range(n + 1):
            came = np.arange(n) < ups
            assert infer(_claim(OFTEN), Occurrences(came, came)).equivalent == 1.0


def test_the_share_of_one_arm_that_may_be_added_to_is_bet_on() -> None:
    came = np.array([True] * 9 + [False])
    found = infer(_claim(OFTEN, sampling="sequential"), Occurrences(came, came))
    assert found.supported == betting_test(came.astype(float), 0.4, "above")
    assert found.contradicted == betting_test(came.astype(float), 0.4, "below")
    assert found.estimate == betting_interval(came.astype(float))


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("row", PAIRED, ids=lambda row: row["id"])
@given(pairs=modes)
@settings(max_examples=30)
def test_swapping_arms_and_direction_is_the_same_evidence(row, sampling, pairs) -> None:
    claim = _claim(row, sampling=sampling)
    turned = _claim(row, sampling=sampling, direction=TURNED[row["direction"]], arms=row["arms"][::-1])
    there, back = infer(claim, _outcome(claim, pairs)), infer(turned, _turned(_outcome(claim, pairs)))
    for at in BOUNDARIES:
        assert back.above[at] == pytest.approx(there.above[at])
        assert back.below[at] == pytest.approx(there.below[at])
    if claim.test in ("paired-mean", "paired-shares"):
        assert back.estimate.estimate == pytest.approx(-there.estimate.estimate)
        assert (back.estimate.low, back.estimate.high) == pytest.approx(
            (-there.estimate.high, -there.estimate.low), abs=1e-7
        )
    else:
        assert back.estimate == there.estimate


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("row", PAIRED, ids=lambda row: row["id"])
@given(pairs=modes)
@settings(max_examples=30)
def test_the_opposite_claim_is_shown_where_this_one_is_refuted(row, sampling, pairs) -> None:
    """Beyond the margin the other way is short of minus the margin this way."""
    claim = _claim(row, sampling=sampling)
    other = _claim(row, sampling=sampling, direction=TURNED[row["direction"]])
    there, back = (infer(one, _outcome(claim, pairs)) for one in (claim, other))
    assert back.above["margin"] == pytest.approx(there.below["minus-margin"])
    assert back.below["minus-margin"] == pytest.approx(there.above["margin"])
    assert back.equivalent == pytest.approx(there.equivalent)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("row", PAIRED, ids=lambda row: row["id"])
@given(pairs=modes)
@settings(max_examples=30)
def test_the_further_boundary_is_shown_with_the_nearer_ones(row, sampling, pairs) -> None:
    found = infer(claim := _claim(row, sampling=sampling), _outcome(claim, pairs))
    for alpha in (0.01, 0.05):
        shown = [found.above[at] <= alpha for at in BOUNDARIES]
        refuted = [found.below[at] <= alpha for at in BOUNDARIES]
        assert shown == sorted(shown)
        assert refuted == sorted(refuted, reverse=True)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("row", CLAIMS, ids=lambda row: row["id"])
@given(pairs=modes)
@settings(max_examples=30)
def test_no_claim_is_both_shown_and_refuted_and_every_interval_has_a_width(row, sampling, pairs) -> None:
    found = infer(claim := _claim(row, sampling=sampling), _outcome(claim, pairs))
    for at in found.above:
        assert min(found.above[at], found.below[at]) >= 0
        assert not (found.above[at] <= 0.2 and found.below[at] <= 0.2)
    low, high = {"paired-mean": (-8, 8), "paired-shares": (-1, 1)}.get(claim.test, (0, 1))
    assert low <= found.estimate.low <= found.estimate.estimate <= found.estimate.high <= high
    assert found.estimate.high - found.estimate.low > 0.05
    assert found.estimate.n == len(pairs)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("row", CLAIMS, ids=lambda row: row["id"])
@given(pairs=modes, random=st.randoms())
@settings(max_examples=20)
def test_the_order_of_the_seeds_says_nothing(row, sampling, pairs, random) -> None:
    claim, mixed = _claim(row, sampling=sampling), list(pairs)
    random.shuffle(mixed)
    first, second = (infer(claim, _outcome(claim, values)) for values in (pairs, mixed))
    for at in first.above:
        assert second.above[at] == pytest.approx(first.above[at])
        assert second.below[at] == pytest.approx(first.below[at])


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("row", CLAIMS, ids=lambda row: row["id"])
def test_no_runs_show_nothing(row: dict[str, Any], sampling: str) -> None:
    found = infer(claim := _claim(row, sampling=sampling), _outcome(claim, []))
    assert found.estimate.n == 0
    assert np.isnan(found.estimate.estimate)
    assert {*found.above.values(), *found.below.values()} == {1.0}


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("row", PAIRED, ids=lambda row: row["id"])
def test_pairs_that_never_differ_become_equivalent_with_seeds_and_nothing_else(row, sampling) -> None:
    claim = _claim(row, sampling=sampling)
    few, many = (infer(claim, _outcome(claim, np.zeros(n))) for n in (2, 96))
    assert few.equivalent > 0.05 >= many.equivalent
    assert few.supported == pytest.approx(1.0)
    assert many.supported == pytest.approx(1.0)


def test_most_seeds_far_apart_either_way_are_not_equivalent_in_most_seeds() -> None:
    """Most are not higher by the margin, and most not lower: that 20 of 32 are either does not follow."""
    found = infer(_claim(SIGN), Differences(np.repeat([4.0, 0.0, -4.0], [10, 12, 10]), 8.0))
    assert max(found.below["margin"], found.above["minus-margin"]) < 0.05
    assert found.equivalent == share_test(12, 32, 0.5, "greater")


def test_outcomes_of_another_kind_are_no_evidence() -> None:
    with pytest.raises(TypeError, match="Occurrences for PairedMean"):
        infer(_claim(MEAN), PAIRS)


def test_evidence_is_what_its_fields_say() -> None:
    levels = {"margin": 0.3, "zero": 0.2, "minus-margin": 0.1}
    found = Evidence(share_interval(1, 2), levels, {at: 1 - p for at, p in levels.items()}, "zero")
    assert (found.supported, found.contradicted, found.equivalent) == (0.2, 0.8, 0.7)


@pytest.mark.parametrize("margin", [1e-10, 1e-3, 1.0, 1e6])
def test_runs_that_are_equal_never_differ_by_the_margin_however_small(margin: float) -> None:
    found = infer(_claim(SIGN, margin=margin), Differences(np.zeros(8), 1.0))
    assert found.estimate == share_interval(0, 8)
    assert found.supported == 1
