"""Tests on differences against brute force, worked examples, and their error rates."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vigan.analysis.permutation import holm, needed_n, sign_flip_test

from vigan.analysis.survival import share_interval
from vigan.metrics.validate import MetricError

whole = st.lists(st.integers(-9, 9), min_size=1, max_size=8)
p_values = st.lists(st.floats(0, 1) | st.just(math.nan), max_size=8)


def _p(differences, shift=0.0, seed=0, **settings):
    return sign_flip_test(differences, shift, rng=np.random.default_rng(seed), **settings)


def _by_brute_force(differences, shift=0):
    centred = [difference - shift for difference in differences]
    sums = [sum(s * c for s, c in zip(signs, centred, strict=True)) for signs in product((1, -1), repeat=len(centred))]
    return sum(total >= sum(centred) for total in sums) / len(sums)


@given(differences=whole, shift=st.integers(-3, 3))
def test_every_sign_pattern_counts_once(differences, shift) -> None:
    assert _p(differences, shift) == _by_brute_force(differences, shift)


@given(differences=whole, shift=st.integers(-3, 3))
def test_sums_that_differ_by_rounding_are_ties(differences, shift) -> None:
    tenths = [difference / 10 for difference in differences]
    assert _p(tenths, shift / 10) == _by_brute_force(differences, shift)


@pytest.mark.parametrize(("n", "p"), [(1, 1 / 2), (5, 1 / 32), (16, 1 / 65536)])
def test_all_differences_above_give_the_smallest_p(n, p) -> None:
    assert _p(np.linspace(1, 2, n)) == p
    assert _p(-np.linspace(1, 2, n)) == 1.0


def test_above_16_pairs_the_smallest_p_is_that_of_the_observed_pattern_alone() -> None:
    assert _p(np.linspace(1, 2, 30), permutations=999) == 1 / 1000


def test_above_16_pairs_random_patterns_agree_with_all_of_them() -> None:
    differences = np.random.default_rng(5).normal(0.3, 1, 17)
    sums = np.array(list(product((1.0, -1.0), repeat=17))) @ differences
    exact = np.mean(sums >= differences.sum() - 1e-9)
    agrees = share_interval(round(_p(differences, permutations=20_000) * 20_001), 20_001, level=0.999)
    assert agrees.low <= exact <= agrees.high


@given(differences=st.lists(st.integers(-9, 9), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_both_directions_together_make_at_least_1(differences) -> None:
    there, back = (_p(sign * np.array(differences), permutations=200) for sign in (1, -1))
    assert 0 < there <= 1
    assert there + back >= 1


@given(differences=st.lists(st.integers(-9, 9), min_size=1, max_size=20), shift=st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_a_shift_is_the_same_as_moving_the_differences(differences, shift) -> None:
    moved = np.array(differences) - shift
    assert _p(differences, shift, permutations=200) == _p(moved, permutations=200)


def test_no_pairs_have_no_p() -> None:
    assert math.isnan(_p([]))


@pytest.mark.parametrize("call", [_p, lambda values: needed_n(values, 0.0, 0.05)])
def test_differences_that_are_no_numbers_are_refused(call) -> None:
    with pytest.raises(MetricError, match="1 of 2 rows hold NaN"):
        call([1.0, math.nan])


@pytest.mark.parametrize(("n", "rate"), [(8, 12 / 256), (20, 0.05)])
def test_pairs_without_a_difference_are_rejected_as_rarely_as_alpha_says(n, rate) -> None:
    """For continuous symmetric differences the rate is exact: the largest attainable p up to 0.05."""
    rng = np.random.default_rng(1)
    rejected = sum(sign_flip_test(rng.standard_t(3, n), rng=rng, permutations=199) <= 0.05 for _ in range(2000))
    found = share_interval(rejected, 2000, level=0.999)
    assert found.low <= rate <= found.high


def _with(mean, spread, n=10):
    values = np.random.default_rng(0).normal(size=n)
    return mean + spread * (values - values.mean()) / values.std(ddof=1)


@pytest.mark.parametrize(("effect", "n"), [(0.5, 27), (1.0, 8)])
def test_needed_pairs_are_those_of_a_one_sided_t_test(effect, n) -> None:
    """G*Power 3.1, one-sample t test, one tail, alpha 0.05, power 0.8."""
    assert needed_n(_with(effect, 1.0), 0.0, 0.05) == n


def test_needed_pairs_depend_on_the_distance_to_the_shift_in_spreads() -> None:
    assert needed_n(_with(3.0, 2.0), 2.0, 0.05) == needed_n(_with(0.5, 1.0), 0.0, 0.05)


def test_the_needed_pairs_have_the_power() -> None:
    rng = np.random.default_rng(2)
    found = sum(sign_flip_test(rng.normal(0.5, 1, 27), rng=rng, permutations=499) <= 0.05 for _ in range(1000))
    power = share_interval(found, 1000, level=0.999)
    assert power.low <= 0.8 <= power.high


@pytest.mark.parametrize(("alpha", "n"), [(0.05, 5), (0.01, 7), (1 / 16, 4)])
def test_never_fewer_pairs_than_let_the_test_reach_alpha(alpha, n) -> None:
    assert needed_n([1.0, 1.0, 1.0], 0.0, alpha) == n
    assert _p([1.0] * n) <= alpha < _p([1.0] * (n - 1))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "differences", [[-1.0, -2.0, -1.5], [1.0, -1.0], [1.0], [], [1e-9, 1.0, -1.0]],
    ids=["wrong side", "no effect", "one pair", "no pairs", "beyond a million"],
)  # fmt: skip
def test_no_number_of_pairs_would_do(differences) -> None:
    assert needed_n(differences, 0.0, 0.05) is None


def test_holm_multiplies_by_the_hypotheses_left_and_never_descends() -> None:
    """Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1, which must not fall below the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_out_what_has_no_p() -> None:
    adjusted = holm([0.01, math.nan, 0.04, 0.03, 0.005])
    assert math.isnan(adjusted[1])
    assert np.delete(adjusted, 1) == pytest.approx(holm([0.01, 0.04, 0.03, 0.005]))


@given(p_values)
def test_holm_keeps_order_and_lies_between_p_and_1(values) -> None:
    given_p, adjusted = np.array(values), holm(values)
    known = ~np.isnan(given_p)
    assert (np.isnan(adjusted) == ~known).all()
    assert ((given_p <= adjusted) & (adjusted <= 1))[known].all()
    assert (np.diff(adjusted[known][np.argsort(given_p[known], kind="stable")]) >= 0).all()


@given(st.floats(0, 1))
def test_holm_leaves_a_single_p_alone(p) -> None:
    assert holm([p, math.nan])[0] == p
