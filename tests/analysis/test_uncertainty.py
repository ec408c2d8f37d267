"""Statistics and their intervals: values worked by hand, invariances, and how often the intervals cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student
from scipy.stats import trim_mean
from vigan.analysis.uncertainty import (
    bootstrap,
    interquartile_mean,
    mean,
    median,
    probability_of_improvement,
    standard_error,
)

from vigan.analysis.survival import share_interval
from vigan.metrics.validate import MetricError

STATISTICS = [mean, interquartile_mean, median]
runs = st.lists(st.integers(-50, 50), min_size=2, max_size=12).map(lambda values: np.array(values, dtype=float))


def improvement(pairs, axis=0):
    return probability_of_improvement(pairs[..., 0], pairs[..., 1], paired=True, axis=axis)


def _interval(statistic, samples, seed=0, **settings):
    return bootstrap(statistic, samples, np.random.default_rng(seed), **{"resamples": 200, **settings})


@pytest.mark.parametrize(
    ("samples", "value"),
    [
        ([7.0], 7.0),
        ([1.0, 4.0], 2.5),
        ([8.0, 0.0, 1.0], (0.25 * 0 + 1 + 0.25 * 8) / 1.5),
        ([100.0, 0.0, 7.0, 1.0, 2.0], (0.75 * 1 + 2 + 0.75 * 7) / 2.5),
        ([9.0, 0.0, 1.0, 100.0, 2.0, 4.0], (0.5 * 1 + 2 + 4 + 0.5 * 9) / 3),
    ],
)
def test_interquartile_mean_counts_a_run_on_the_edge_by_its_fraction(samples, value) -> None:
    assert interquartile_mean(samples) == pytest.approx(value)


@pytest.mark.parametrize("n", [4, 8, 32])
def test_interquartile_mean_is_rliables_where_4_divides_n(n) -> None:
    samples = np.random.default_rng(n).lognormal(size=n)
    assert interquartile_mean(samples) == pytest.approx(trim_mean(samples, 0.25))


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_statistic_of_nan_is_nan(statistic) -> None:
    assert math.isnan(statistic([1.0, 2.0, 3.0, 4.0, 5.0, math.nan]))


@pytest.mark.parametrize("statistic", [*STATISTICS, standard_error])
def test_a_statistic_of_a_stack_is_that_of_each(statistic) -> None:
    stack = np.random.default_rng(0).normal(size=(3, 7))
    assert statistic(stack, axis=1) == pytest.approx([statistic(row) for row in stack])


def test_improvement_by_pairs_and_by_all_comparisons_with_ties_as_halves() -> None:
    a, b = [3.0, 1.0, 2.0], [2.0, 1.0, 5.0]
    assert probability_of_improvement(a, b, paired=True) == pytest.approx((1 + 0.5 + 0) / 3)
    assert probability_of_improvement(a, b, paired=False) == pytest.approx((2 + 0.5 + 1.5) / 9)


def test_improvement_between_unequal_numbers_of_runs() -> None:
    assert probability_of_improvement([1.0, 2.0], [0.0, 1.0, 3.0], paired=False) == pytest.approx((1.5 + 2) / 6)


@pytest.mark.parametrize("paired", [True, False])
def test_improvement_over_nan_is_nan_and_two_infinities_tie(paired) -> None:
    assert math.isnan(probability_of_improvement([1.0, math.nan], [0.0, 0.0], paired=paired))
    assert probability_of_improvement([math.inf], [math.inf], paired=paired) == 0.5


@given(a=runs, b=runs)
def test_improvement_one_way_and_the_other_make_1(a, b) -> None:
    both = [probability_of_improvement(*pair, paired=False) for pair in ((a, b), (b, a))]
    assert sum(both) == pytest.approx(1.0)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_one_run_has_an_estimate_and_no_ends(statistic) -> None:
    interval = _interval(statistic, [3.0])
    assert (interval.estimate, interval.n) == (3.0, 1)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


def test_no_runs_have_no_estimate() -> None:
    interval = _interval(mean, [])
    assert interval.n == 0
    assert np.isnan(interval[:3]).all()


@pytest.mark.parametrize("statistic", STATISTICS)
def test_equal_runs_have_an_interval_of_width_0(statistic) -> None:
    interval = _interval(statistic, [0.1] * 3)
    assert interval.low == interval.estimate == interval.high == pytest.approx(0.1)


@pytest.mark.parametrize("statistic", STATISTICS)
@given(samples=runs, scale=st.sampled_from([-3.0, -0.5, 2.0]), offset=st.integers(-9, 9))
@settings(max_examples=30, deadline=None)
def test_intervals_follow_a_change_of_unit(statistic, samples, scale, offset) -> None:
    plain, moved = _interval(statistic, samples), _interval(statistic, scale * samples + offset)
    ends = sorted(scale * end + offset for end in (plain.low, plain.high))
    assert moved.estimate == pytest.approx(scale * plain.estimate + offset, abs=1e-9)
    assert [moved.low, moved.high] == pytest.approx(ends, abs=1e-9)


@given(samples=runs, level=st.sampled_from([0.5, 0.8, 0.9]))
@settings(max_examples=30, deadline=None)
def test_a_higher_level_never_has_a_narrower_interval(samples, level) -> None:
    for statistic in STATISTICS:
        narrow, wide = _interval(statistic, samples, level=level), _interval(statistic, samples, level=0.95)
        assert wide.low <= narrow.low <= narrow.high <= wide.high


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_lower_level_has_a_narrower_interval(statistic) -> None:
    samples = np.random.default_rng(0).normal(size=12)
    widths = [end.high - end.low for end in (_interval(statistic, samples, level=level) for level in (0.5, 0.8, 0.95))]
    assert 0 < widths[0] < widths[1] < widths[2]


def test_the_same_generator_gives_the_same_interval_and_another_another() -> None:
    samples = np.random.default_rng(0).normal(size=9)
    assert _interval(mean, samples, seed=3) == _interval(mean, samples, seed=3)
    assert _interval(mean, samples, seed=3) != _interval(mean, samples, seed=4)


def test_arms_of_one_seed_stay_together() -> None:
    first = np.random.default_rng(0).normal(size=16)
    pairs = np.column_stack([first + 1.0, first])
    interval = _interval(lambda rows: rows[:, 0].mean() - rows[:, 1].mean(), pairs)
    assert interval[:3] == pytest.approx((1.0, 1.0, 1.0))


def test_a_share_never_has_an_interval_beyond_0_and_1() -> None:
    pairs = np.column_stack([np.arange(6.0), [9.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    interval = _interval(improvement, pairs)
    assert interval.estimate == pytest.approx(5 / 6)
    assert 0 <= interval.low < interval.high == 1


def test_a_statistic_without_axis_has_the_same_interval() -> None:
    samples = np.random.default_rng(0).lognormal(size=9)
    assert _interval(lambda rows: float(np.median(rows)), samples) == pytest.approx(_interval(median, samples))


def test_runs_without_a_number_are_refused() -> None:
    with pytest.raises(MetricError, match="1 of 3 rows hold NaN"):
        _interval(mean, [1.0, math.nan, 2.0])


def test_a_statistic_that_is_not_one_number_is_refused() -> None:
    with pytest.raises(MetricError, match="expected one number"):
        _interval(mean, np.eye(3))


def _covered(statistic, draw, truth, n, count=1000):
    rng = np.random.default_rng(11)
    intervals = [bootstrap(statistic, draw(rng, n), rng, resamples=500) for _ in range(count)]
    return sum(interval.low <= truth <= interval.high for interval in intervals)


def _normal(rng, n):
    return rng.normal(size=n)


@pytest.mark.parametrize("n", [5, 8, 16])
def test_intervals_of_a_normal_mean_cover_as_they_say(n) -> None:
    covers = share_interval(_covered(mean, _normal, 0.0, n), 1000, level=0.999)
    assert covers.low <= 0.95 <= covers.high


@pytest.mark.parametrize("n", [5, 8, 16])
def test_intervals_of_a_skewed_mean_cover_more_often_than_students_t(n) -> None:
    rng, ours, students = np.random.default_rng(11), 0, 0
    for _ in range(1000):
        samples = rng.exponential(size=n)
        interval = bootstrap(mean, samples, rng, resamples=500)
        ours += interval.low <= 1 <= interval.high
        students += abs(samples.mean() - 1) <= student.ppf(0.975, n - 1) * standard_error(samples)
    assert ours > students + 10


@pytest.mark.parametrize("statistic", [interquartile_mean, median, lambda rows, axis=0: np.mean(rows, axis=axis)])
def test_other_statistics_cover_as_they_say(statistic) -> None:
    """Percentiles not moved outward cover a mean of 8 in 0.90."""
    assert share_interval(_covered(statistic, _normal, 0.0, 8), 1000, level=0.999).high >= 0.95
