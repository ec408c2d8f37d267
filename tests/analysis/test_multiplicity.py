from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigan.analysis.multiplicity import holm
from vigan.metrics.validate import MetricError

p_values = st.lists(st.floats(0, 1) | st.just(math.nan), max_size=8)


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


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.sampled_from([0.01, 0.05, 0.2]))
def test_holm_rejects_step_by_step_from_the_smallest_p(values, alpha) -> None:
    """Holm 1979 as he wrote it: the i-th smallest against alpha / (m - i), until one is not rejected."""
    order = sorted(range(len(values)), key=values.__getitem__)
    rejected = set()
    for place, index in enumerate(order):
        if values[index] * (len(values) - place) > alpha:
            break
        rejected.add(index)
    assert {index for index, p in enumerate(holm(values)) if p <= alpha} == rejected


@given(st.floats(0, 1))
def test_holm_leaves_a_single_p_alone(p) -> None:
    assert holm([p, math.nan])[0] == p


def test_p_values_in_a_square_are_refused() -> None:
    with pytest.raises(MetricError, match="expected one row"):
        holm(np.ones((2, 2)))
