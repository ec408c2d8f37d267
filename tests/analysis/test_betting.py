"""A bet against a true mean never pays on average, at whatever seed one stops."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from vigan.analysis.betting import BETS, betting_interval, betting_test, bounded_mean
from vigan.metrics.validate import MetricError

bounded = st.lists(st.integers(0, 20).map(lambda twentieths: twentieths / 20), min_size=1, max_size=16)
means = st.integers(1, 19).map(lambda twentieths: twentieths / 20)
sides = st.sampled_from(["above", "below"])

TWO_POINTS = [(0.0, 1.0, 0.5), (0.0, 1.0, 0.1), (0.2, 1.0, 0.9), (0.0, 0.6, 0.5), (0.45, 0.55, 0.5), (0.0, 1.0, 0.95)]
"""Laws of an outcome: one value, another, and the chance of the other."""


def _capital(outcomes, mean: float) -> float:
    """What a gambler against "the mean is `mean` or less" makes of 1, bet by bet and seed by seed."""
    capitals = []
    for bet in BETS:
        capital = 1.0
        for value in outcomes:
            capital *= (1 - bet) + bet * value / mean
        capitals.append(capital)
    return sum(capitals) / len(capitals)


@given(bounded, means)
def test_p_is_one_over_what_the_bets_have_won(outcomes, mean) -> None:
    assert betting_test(outcomes, mean, "above") == pytest.approx(min(1.0, 1 / _capital(outcomes, mean)))


@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize(("low", "high", "chance"), TWO_POINTS)
def test_against_the_true_mean_nobody_wins_on_average(n: int, low: float, high: float, chance: float) -> None:
    """Over all outcomes of n seeds; were the bets not fair, the average would not be 1."""
    mean = (1 - chance) * low + chance * high
    expected = 0.0
    for outcomes in product((low, high), repeat=n):
        ups = sum(value == high for value in outcomes)
        expected += chance**ups * (1 - chance) ** (n - ups) * _capital(outcomes, mean)
    assert expected == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("side", ["above", "below"])
@pytest.mark.parametrize("n", [5, 8, 12])
@pytest.mark.parametrize(("low", "high", "chance"), TWO_POINTS)
def test_a_true_mean_is_rejected_no_more_often_than_alpha(n, low, high, chance, side) -> None:
    """Exactly, over all counts of two-point laws, rare failures among them."""
    mean = (1 - chance) * low + chance * high
    ps = [betting_test([high] * ups + [low] * (n - ups), mean, side) for ups in range(n + 1)]
    chances = [math.comb(n, ups) * chance**ups * (1 - chance) ** (n - ups) for ups in range(n + 1)]
    for alpha in (0.01, 0.05, 0.2):
        assert sum(c for p, c in zip(ps, chances, strict=True) if p <= alpha) <= alpha


@pytest.mark.parametrize(("chance", "side"), [(0.1, "above"), (0.5, "above"), (0.5, "below"), (0.9, "below")])
def test_looking_after_every_seed_rejects_no_more_often_than_alpha(chance: float, side) -> None:
    """Ville's inequality: the share of 4,000 studies that stop at the first p <= 0.05 of 32 is within its error."""
    rng, studies = np.random.default_rng(3), 4000
    p = {
        (ups, n): betting_test([1.0] * ups + [0.0] * (n - ups), chance, side)
        for n in range(1, 33) for ups in range(n + 1)
    }  # fmt: skip
    ups = (rng.random((studies, 32)) < chance).cumsum(axis=1)
    stopped = sum(any(p[int(up), n] <= 0.05 for n, up in enumerate(row, 1)) for row in ups)
    assert stopped > 0
    assert binomtest(stopped, studies, 0.05, "greater").pvalue > 1e-3


@given(bounded, means, sides, st.randoms())
def test_the_order_of_the_seeds_does_not_matter(outcomes, mean, side, random) -> None:
    mixed = random.sample(outcomes, len(outcomes))
    assert betting_test(mixed, mean, side) == pytest.approx(betting_test(outcomes, mean, side), rel=1e-9)


@given(bounded, means, means, sides)
def test_the_further_away_the_mean_that_is_asked_for_the_less_is_shown(outcomes, first, second, side) -> None:
    low, high = sorted((first, second))
    nearer, further = (low, high) if side == "above" else (high, low)
    assert betting_test(outcomes, nearer, side) <= betting_test(outcomes, further, side) + 1e-12


@given(bounded, means)
def test_below_is_above_of_the_mirrored(outcomes, mean) -> None:
    mirrored = [1 - value for value in outcomes]
    assert betting_test(outcomes, mean, "below") == pytest.approx(betting_test(mirrored, 1 - mean, "above"))


@given(bounded, means)
def test_a_mean_is_never_shown_to_be_both_above_and_below(outcomes, mean) -> None:
    above, below = (betting_test(outcomes, mean, side) for side in ("above", "below"))
    assert max(above, below) == 1.0
    assert min(above, below) > 0


def test_more_seeds_that_agree_show_more() -> None:
    ps = [betting_test([1.0] * n, 0.5, "above") for n in range(33)]
    assert ps[0] == 1.0
    assert all(later < earlier for earlier, later in zip(ps, ps[1:], strict=False))
    assert ps[8] < 0.01


def test_impossible_means_are_refuted_by_one_seed_and_only_by_it() -> None:
    assert betting_test([0.1], 0.0, "above") == betting_test([0.9], 1.0, "below") == 0.0
    assert betting_test([0.0], 0.0, "above") == betting_test([1.0], 1.0, "below") == 1.0
    assert betting_test([1.0], 1.0, "above") == betting_test([0.0], 0.0, "below") == 1.0


@given(bounded, means)
def test_the_interval_holds_the_means_that_neither_bet_rejects(outcomes, mean) -> None:
    found = betting_interval(outcomes)
    rejected = [betting_test(outcomes, mean, side) <= 0.025 for side in ("above", "below")]
    if min(abs(mean - found.low), abs(mean - found.high)) > 1e-6:
        assert rejected == [mean < found.low, mean > found.high]


@given(bounded)
def test_the_interval_has_a_width_and_stays_in_bounds(outcomes) -> None:
    found = betting_interval(outcomes)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.high - found.low > 0.05
    assert found.estimate == pytest.approx(sum(outcomes) / len(outcomes))
    assert found.n == len(outcomes)


@given(bounded)
def test_the_interval_turns_with_the_outcomes_and_widens_with_the_level(outcomes) -> None:
    found, turned = betting_interval(outcomes), betting_interval([1 - value for value in outcomes])
    assert (1 - turned.high, 1 - turned.low) == pytest.approx((found.low, found.high), abs=1e-8)
    wide = betting_interval(outcomes, level=0.99)
    assert wide.low <= found.low
    assert found.high <= wide.high


@pytest.mark.parametrize("n", [3, 5, 8, 16])
@pytest.mark.parametrize(("low", "high", "chance"), [*TWO_POINTS, (0.0, 1.0, 0.9)])
def test_the_interval_covers_the_mean_of_two_point_laws(n: int, low: float, high: float, chance: float) -> None:
    mean, covered = (1 - chance) * low + chance * high, 0.0
    for ups in range(n + 1):
        found = betting_interval([high] * ups + [low] * (n - ups))
        weight = math.comb(n, ups) * chance**ups * (1 - chance) ** (n - ups)
        covered += weight * (found.low <= mean <= found.high)
    assert covered >= 0.95


def test_no_outcomes_bound_nothing() -> None:
    found = betting_interval([])
    assert math.isnan(found.estimate)
    assert found[1:] == (0.0, 1.0, 0)
    assert np.isnan(bounded_mean([], 0, 8)[:3]).all()


def test_of_a_metric_with_one_value_nothing_is_uncertain() -> None:
    """The divergence from one mode to one mode: after all training it could not be told."""
    assert bounded_mean([0.0, 0.0, 0.0], 0, 0) == (0, 0, 0, 3)


def test_a_mean_has_its_interval_in_its_own_unit() -> None:
    modes, unit = bounded_mean([8.0, 6.0, 8.0], 0, 8), betting_interval([1.0, 0.75, 1.0])
    assert modes[:3] == pytest.approx([8 * value for value in unit[:3]])


def test_an_outcome_beyond_a_bound_by_a_rounding_is_at_it() -> None:
    assert betting_interval([1 + 1e-12, -1e-12]) == betting_interval([1.0, 0.0])
    assert betting_test([1 + 1e-12], 0.5, "above") == betting_test([1.0], 0.5, "above")


@pytest.mark.parametrize(("outcomes", "why"), [([0.5, 1.1], "between 0.5 and 1.1"), ([-0.1], "between -0.1"),
                                               ([math.nan], "1 of 1 rows hold NaN")])  # fmt: skip
def test_outcomes_out_of_bounds_are_refused(outcomes, why) -> None:
    for call in (betting_interval, lambda values: betting_test(values, 0.5, "above")):
        with pytest.raises(MetricError, match=why):
            call(outcomes)
