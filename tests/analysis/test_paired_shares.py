"""The test of two paired shares against brute force over all outcomes and all shares of unlike pairs."""

from __future__ import annotations

import tracemalloc
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import multinomial

from vigan.analysis import paired_shares
from vigan.analysis.paired_shares import paired_share_interval, paired_share_test
from vigan.metrics.validate import MetricError

DIFFERENCES = (-0.4, -0.2, 0.0, 0.2, 0.4)
tables = st.integers(1, 12).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n)).filter(lambda t: t[0] + t[1] <= n)
)
effects = st.integers(-18, 18).map(lambda twentieths: twentieths / 20)


@cache
def _tables(n: int) -> list[tuple[int, int]]:
    return [(more, fewer) for more in range(n + 1) for fewer in range(n + 1 - more)]


def _chances(n: int, more: float, fewer: float) -> np.ndarray:
    """Chance of every table, where pairs are unlike with these probabilities."""
    counts = [(i, j, n - i - j) for i, j in _tables(n)]
    alike = max(0.0, 1 - more - fewer)
    return np.asarray(multinomial.pmf(counts, n, [more, fewer, alike]))


def _score(more: int, fewer: int, n: int, difference: float) -> float:
    """Tango's statistic, the likelihood under the constraint maximised numerically."""

    def unlikely(share: float) -> float:
        chances = np.array([share + difference, share, 1 - 2 * share - difference])
        counts = np.array([more, fewer, n - more - fewer])
        return -float(np.sum(counts[counts > 0] * np.log(np.maximum(chances[counts > 0], 1e-300))))

    ends = max(0.0, -difference), (1 - difference) / 2
    share = minimize_scalar(unlikely, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
    share = min((share, *ends), key=unlikely)
    variance, distance = n * (2 * share + difference - difference**2), more - fewer - n * difference
    return 0.0 if abs(distance) < 1e-9 else distance / np.sqrt(variance)


def _by_brute_force(n: int, difference: float) -> dict[tuple[int, int], float]:
    """P-value of every table: the largest chance, over the shares of unlike pairs, of tables at least as far out."""
    scores = np.array([_score(*table, n, difference) for table in _tables(n)])
    unlike = np.linspace(abs(difference), 1, 1201)
    chances = np.array([_chances(n, (u + difference) / 2, max(0.0, (u - difference) / 2)) for u in unlike])
    return {
        table: float(chances[:, scores >= score - 1e-6].sum(axis=1).max())
        for table, score in zip(_tables(n), scores, strict=True)
    }


@pytest.mark.parametrize("difference", DIFFERENCES)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_p_is_that_of_brute_force(n: int, difference: float) -> None:
    for table, p in _by_brute_force(n, difference).items():
        assert paired_share_test(*table, n, difference) == pytest.approx(p, rel=5e-4)


@pytest.mark.parametrize("n", [5, 6, 8, 10, 16])
@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_true_difference_is_exceeded_no_more_often_than_alpha(n: int, difference: float) -> None:
    """Over a grid of both probabilities, on the border of the null and within: no share of unlike pairs breaks it."""
    ps = np.array([paired_share_test(*table, n, difference) for table in _tables(n)])
    grid = np.linspace(0, 1, 41)
    border = [((u + difference) / 2, (u - difference) / 2) for u in np.linspace(abs(difference), 1, 301)]
    within = [(a, b) for a in grid for b in grid if a + b <= 1 and a - b <= difference]
    for more, fewer in [*border, *within]:
        chances = _chances(n, more, max(0.0, fewer))
        for alpha in (0.01, 0.025, 0.05):
            assert chances[ps <= alpha].sum() <= alpha


@pytest.mark.parametrize("n", [5, 8, 16])
def test_pairs_that_all_differ_one_way_have_the_p_of_mcnemars_test(n: int) -> None:
    assert paired_share_test(n, 0, n, 0.0) == pytest.approx(0.5**n)
    assert paired_share_test(n - 1, 1, n, 0.0) == pytest.approx((n + 1) * 0.5**n)
    assert paired_share_test(0, n, n, 0.0) == 1.0


@pytest.mark.parametrize("n", [5, 8, 10])
@pytest.mark.parametrize("alpha", [0.01, 0.025, 0.05])
def test_who_shows_a_difference_shows_every_smaller_one(n: int, alpha: float) -> None:
    """At the levels of verdicts; between them p is not monotone, as in any such test."""
    for table in _tables(n):
        shown = [paired_share_test(*table, n, hundredths / 100) <= alpha for hundredths in range(-95, 96, 5)]
        assert shown == sorted(shown, reverse=True)


@given(tables, effects)
def test_one_more_pair_for_it_never_shows_less(table, difference) -> None:
    more, fewer, n = table
    if more + fewer < n:
        one_more = paired_share_test(more + 1, fewer, n, difference)
        assert one_more <= paired_share_test(more, fewer, n, difference) + 1e-12


@given(tables)
@settings(max_examples=40)
def test_the_interval_turns_when_arms_are_swapped(table) -> None:
    more, fewer, n = table
    there, back = paired_share_interval(more, fewer, n), paired_share_interval(fewer, more, n)
    assert (back.estimate, back.low, back.high) == pytest.approx((-there.estimate, -there.high, -there.low))


@given(tables)
@settings(max_examples=40)
def test_the_interval_has_a_width_and_stays_in_bounds(table) -> None:
    more, fewer, n = table
    found = paired_share_interval(more, fewer, n)
    assert -1 <= found.low <= found.estimate == (more - fewer) / n <= found.high <= 1
    assert found.high - found.low > 0.1


@given(tables, st.integers(-95, 95).map(lambda hundredths: hundredths / 100))
@settings(max_examples=60)
def test_what_neither_test_rejects_is_in_the_interval(table, difference) -> None:
    more, fewer, n = table
    found = paired_share_interval(more, fewer, n)
    kept = min(paired_share_test(more, fewer, n, difference), paired_share_test(fewer, more, n, -difference)) > 0.025
    assert not kept or found.low <= difference <= found.high


@pytest.mark.parametrize("table", [(0, 0, 8), (5, 0, 8), (8, 0, 8), (3, 1, 10), (0, 4, 16)])
def test_the_ends_of_the_interval_are_where_the_tests_begin_to_reject(table) -> None:
    more, fewer, n = table
    found = paired_share_interval(more, fewer, n)
    for end, towards in ((found.low, 1), (found.high, -1)):
        if abs(end) < 1 - 1e-6:
            counts = (more, fewer) if towards > 0 else (fewer, more)
            outside, inside = (paired_share_test(*counts, n, towards * end + shift) for shift in (-1e-4, 1e-4))
            assert outside <= 0.025 < inside


@pytest.mark.parametrize("n", [3, 5, 6, 8, 10])
def test_the_interval_covers_whatever_the_shares(n: int) -> None:
    intervals = [paired_share_interval(*table, n) for table in _tables(n)]
    low, high = (np.array([interval[end] for interval in intervals]) for end in (1, 2))
    for more in np.linspace(0, 1, 21):
        for fewer in np.linspace(0, 1 - more, 21):
            covered = (low - 1e-9 <= more - fewer) & (more - fewer <= high + 1e-9)
            assert _chances(n, more, fewer) @ covered >= 0.95


def test_pairs_that_all_agree_leave_room_for_a_difference() -> None:
    """0 of 6 against 0 of 6: no contradiction of "fewer by 20 percentage points", as once was said."""
    assert paired_share_test(0, 0, 6, -0.2) > 0.05
    found = paired_share_interval(0, 0, 6)
    assert found.low < -0.3
    assert found.high > 0.3


def test_no_pairs_show_nothing() -> None:
    assert paired_share_test(0, 0, 0, 0.1) == 1.0
    found = paired_share_interval(0, 0, 0)
    assert np.isnan(found.estimate)
    assert found[1:] == (-1.0, 1.0, 0)


@pytest.mark.parametrize("table", [(3, 2, 4), (-1, 0, 4), (0, -1, 4)])
def test_counts_that_no_pairs_have_are_refused(table) -> None:
    with pytest.raises(MetricError, match="unlike pairs of 4"):
        paired_share_test(*table, 0.0)


def test_the_statistic_rises_as_a_pair_turns_in_favour_of_the_second_arm() -> None:
    """So no difference below the one that is tested makes the data likelier: the p-value is the largest there is."""
    for n in (1, 2, 5, 8, 16, 33, 50):
        more, fewer, _ = paired_shares._outcomes(n)
        for difference in np.linspace(-0.99, 0.99, 34):
            z = np.full((n + 2, n + 2), np.nan)
            z[more.astype(int), fewer.astype(int)] = paired_shares._score(more, fewer, n, difference)
            moved = z[1:, :-1] - z[:-1, 1:]
            assert np.nanmin(moved) >= 0, (n, difference)


@pytest.mark.parametrize("table", [(4, 0, 16, 0.0), (7, 4, 16, 0.0), (9, 6, 16, 0.0), (16, 16, 50, 0.1)])
def test_a_finer_grid_of_shares_moves_no_p_value_by_a_ten_thousandth(
    table: tuple[int, int, int, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = paired_shares._p_value.__wrapped__(*table)
    monkeypatch.setattr(paired_shares, "NUISANCE", 199 * 20 + 1)
    assert plain <= paired_shares._p_value.__wrapped__(*table) < plain + 1e-4


def test_the_p_value_is_the_same_bit_for_bit_however_much_is_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 1,000 pairs all shares at once took gigabytes."""
    whole = [paired_shares._p_value.__wrapped__(9, 3, n, 0.1) for n in (12, 24)]
    for terms in (1, 1000):
        monkeypatch.setattr(paired_shares, "TERMS", terms)
        assert [paired_shares._p_value.__wrapped__(9, 3, n, 0.1) for n in (12, 24)] == whole


def test_a_thousand_pairs_take_little_memory() -> None:
    paired_shares._outcomes(1000)
    tracemalloc.start()
    try:
        paired_share_test(600, 200, 1000, 0.1)
        assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()
