"""Shares, medians and signs against brute force, textbooks, and their own guarantees at every n."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom, wilcoxon

from vigan.analysis.exact import Interval, median_interval, scaled, share_interval, share_test, sign_test
from vigan.metrics.validate import MetricError

counts = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
shares = st.floats(0.01, 0.99)


def _tail(successes: int, n: int, share: Fraction) -> Fraction:
    """Chance of so many successes or more, in whole numbers."""
    return sum(
        (math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(successes, n + 1)), start=Fraction(0)
    )


@given(counts, st.integers(1, 19).map(lambda twentieths: Fraction(twentieths, 20)))
def test_a_share_is_tested_by_the_binomial_tail(count: tuple[int, int], share: Fraction) -> None:
    successes, n = count
    assert share_test(successes, n, float(share), "greater") == pytest.approx(float(_tail(successes, n, share)))
    below = _tail(n - successes, n, 1 - share)
    assert share_test(successes, n, float(share), "less") == pytest.approx(float(below))


def test_no_runs_show_nothing_of_a_share() -> None:
    assert share_test(0, 0, 0.5, "less") == share_test(0, 0, 0.5, "greater") == 1.0
    nothing = share_interval(0, 0)
    assert math.isnan(nothing.estimate)
    assert nothing[1:] == (0.0, 1.0, 0)


@given(counts, shares, shares)
def test_the_higher_the_share_that_is_asked_for_the_less_is_shown(count, first, second) -> None:
    low, high = sorted((first, second))
    assert share_test(*count, low, "greater") <= share_test(*count, high, "greater") + 1e-12
    assert share_test(*count, low, "less") >= share_test(*count, high, "less") - 1e-12


@given(counts, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_of_a_share_is_clopper_and_pearsons(count, level) -> None:
    successes, n = count
    found, tail = share_interval(successes, n, level), (1 - level) / 2
    low = beta.ppf(tail, successes, n - successes + 1) if successes else 0.0
    high = beta.ppf(1 - tail, successes + 1, n - successes) if successes < n else 1.0
    assert found == pytest.approx((successes / n, low, high, n))


@given(counts, shares)
def test_the_interval_of_a_share_holds_what_neither_test_rejects(count, share) -> None:
    found = share_interval(*count)
    rejected = [share_test(*count, share, side) <= 0.025 for side in ("greater", "less")]
    if min(abs(share - found.low), abs(share - found.high)) > 1e-9:
        assert rejected == [share < found.low, share > found.high]


def test_no_collapse_in_six_runs_leaves_room_for_39_percent() -> None:
    assert share_interval(0, 6, level=0.9).high == pytest.approx(0.393, abs=5e-4)
    assert share_interval(0, 8) == pytest.approx((0.0, 0.0, 1 - 0.025 ** (1 / 8), 8))
    assert share_interval(4, 20) == pytest.approx((0.2, 0.0573, 0.4366, 20), abs=5e-5)


@pytest.mark.parametrize("n", [3, 5, 8, 16])
def test_the_interval_of_a_share_covers_whatever_the_share(n: int) -> None:
    """Runs that hold all modes with probability 0.9 were covered in 28 to 77 % by what stood here before."""
    intervals = [share_interval(k, n) for k in range(n + 1)]
    for share in np.append(np.linspace(0.01, 0.99, 99), 0.9):
        covered = [interval.low <= share <= interval.high for interval in intervals]
        assert binom.pmf(range(n + 1), n, share) @ covered >= 0.95


@given(counts)
def test_the_interval_of_a_share_has_a_width_and_stays_in_bounds(count) -> None:
    found = share_interval(*count)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.high - found.low > 0.01


def _order_statistics(n: int, level: float) -> int:
    """The largest k for which [k-th lowest, k-th highest] misses the median with a chance of at most 1 - level."""
    ks = (k for k in range(n // 2 + 1, 0, -1) if 2 * sum(math.comb(n, j) for j in range(k)) <= (1 - level) * 2**n)
    return next(ks, 0)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [1, 2, 5, 6, 7, 8, 9, 16, 17, 32, 100])
def test_the_interval_of_a_median_is_that_of_order_statistics(n: int, level: float) -> None:
    values = np.random.default_rng(n).permutation(np.arange(n)) + 1.0
    found, k = median_interval(values, level), _order_statistics(n, level)
    assert found.estimate == (n + 1) / 2
    assert found.n == n
    assert (found.low, found.high) == (k, n + 1 - k) if k else np.isnan([found.low, found.high]).all()


def test_six_values_are_the_fewest_that_bound_a_median() -> None:
    assert median_interval(range(6))[:3] == (2.5, 0.0, 5.0)
    assert np.isnan(median_interval(range(5))[1:3]).all()
    assert np.isnan(median_interval([])[:3]).all()


def test_the_interval_of_a_median_is_the_published_one() -> None:
    """Conover 1999, table A3 for n = 16: the 4th and the 13th value, with 0.979."""
    assert median_interval(np.arange(1, 17))[1:3] == (4, 13)
    assert 1 - 2 * binom.cdf(3, 16, 0.5) == pytest.approx(0.979, abs=5e-4)


@given(st.lists(st.integers(-9, 9), min_size=6, max_size=20))
def test_the_interval_of_a_median_turns_with_the_sign(values) -> None:
    there, back = median_interval(values), median_interval([-value for value in values])
    assert (back.estimate, back.low, back.high) == (-there.estimate, -there.high, -there.low)


def test_a_median_of_what_is_no_number_is_refused() -> None:
    with pytest.raises(MetricError, match="1 of 2 rows hold NaN"):
        median_interval([1.0, math.nan])


def test_an_interval_follows_a_change_of_unit() -> None:
    assert scaled(Interval(0.5, 0.25, 1.0, 7), -8, 8) == (0.0, -4.0, 8.0, 7)
    with pytest.raises(MetricError, match="bounds 1 and 1"):
        scaled(Interval(0.5, 0.25, 1.0, 7), 1, 1)
    with pytest.raises(MetricError, match="bounds -inf and inf: both must be finite"):
        scaled(Interval(0.5, 0.25, 1.0, 7), -math.inf, math.inf)


@given(st.lists(st.integers(-2, 2), max_size=9))
def test_the_sign_test_counts_every_pattern_of_signs_once(differences) -> None:
    unlike = [value > 0 for value in differences if value]
    patterns = [sum(signs) for signs in product((0, 1), repeat=len(unlike))]
    further = [abs(2 * count - len(unlike)) >= abs(2 * sum(unlike) - len(unlike)) for count in patterns]
    assert sign_test(differences) == pytest.approx(sum(further) / len(further))


def test_the_sign_test_does_not_ask_how_far() -> None:
    """Where one failure is worth many small gains, a signed-rank test is no test of the sign."""
    assert sign_test([1.0] * 7 + [-1000.0]) == sign_test([1.0] * 7 + [-1.0]) == pytest.approx(18 / 256)
    assert wilcoxon([1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, -1000.0]).pvalue != pytest.approx(18 / 256)


def test_no_difference_is_evidence_of_none() -> None:
    assert sign_test([]) == sign_test([0.0, 0.0]) == 1.0


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_signs_of_what_is_no_number_are_refused(lost: float) -> None:
    with pytest.raises(MetricError, match="1 of 2 rows"):
        sign_test([1.0, lost])
