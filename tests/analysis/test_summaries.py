"""Statistics that need no test: values worked by hand, invariances, rliable's definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, trim_mean

from vigan.analysis.summaries import interquartile_mean, probability_of_improvement

runs = st.lists(st.integers(-50, 50), min_size=2, max_size=12).map(lambda values: np.array(values, dtype=float))


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


def test_an_interquartile_mean_of_nan_is_nan() -> None:
    assert math.isnan(interquartile_mean([1.0, 2.0, 3.0, 4.0, 5.0, math.nan]))


def test_an_interquartile_mean_of_a_stack_is_that_of_each() -> None:
    stack = np.random.default_rng(0).normal(size=(3, 7))
    assert interquartile_mean(stack, axis=1) == pytest.approx([interquartile_mean(row) for row in stack])


def test_improvement_by_pairs_and_by_all_comparisons_with_ties_as_halves() -> None:
    a, b = [3.0, 1.0, 2.0], [2.0, 1.0, 5.0]
    assert probability_of_improvement(a, b, paired=True) == pytest.approx((1 + 0.5 + 0) / 3)
    assert probability_of_improvement(a, b, paired=False) == pytest.approx((2 + 0.5 + 1.5) / 9)


@given(a=runs, b=runs)
def test_improvement_over_all_comparisons_is_mann_and_whitneys(a, b) -> None:
    statistic = mannwhitneyu(a, b, method="asymptotic").statistic
    assert probability_of_improvement(a, b, paired=False) == pytest.approx(statistic / (len(a) * len(b)))


@pytest.mark.parametrize("paired", [True, False])
def test_improvement_over_nan_is_nan_and_two_infinities_tie(paired) -> None:
    assert math.isnan(probability_of_improvement([1.0, math.nan], [0.0, 0.0], paired=paired))
    assert probability_of_improvement([math.inf], [math.inf], paired=paired) == 0.5


@given(a=runs, b=runs)
def test_improvement_one_way_and_the_other_make_1(a, b) -> None:
    both = [probability_of_improvement(*pair, paired=False) for pair in ((a, b), (b, a))]
    assert sum(both) == pytest.approx(1.0)
