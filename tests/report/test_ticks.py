"""Ticks are round, within the axis, and few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigan.report.ticks import log_ticks, ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0.0, 4000.0, 5, [0, 1000, 2000, 3000, 4000]),
        (-0.4, 8.4, 5, [0, 2, 4, 6, 8]),
        (0.0, 0.3, 3, [0, 0.1, 0.2, 0.3]),
        (2.0, 2.0, 4, [2]),
    ],
)
def test_they_are_where_a_reader_expects_them(low: float, high: float, most: int, expected: list[float]) -> None:
    assert ticks(low, high, most) == pytest.approx(expected)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_they_are_within_the_axis_and_no_more_than_asked_for(low: float, wide: float, most: int) -> None:
    found = ticks(low, low + wide, most)
    assert len(found) <= most + 1
    assert all(low - 1e-6 * wide <= tick <= low + wide * (1 + 1e-6) for tick in found)


def test_ticks_of_a_logarithmic_axis_are_1_2_5_or_on_a_long_one_powers_of_ten() -> None:
    assert log_ticks(3.0, 250.0, 9) == [5, 10, 20, 50, 100, 200]
    assert log_ticks(0.5, 2e4, 9) == [1, 10, 100, 1000, 10000]
    assert log_ticks(0.011, 0.04, 9) == pytest.approx([0.02])


def test_of_many_powers_of_ten_some_are_left_out_in_equal_strides() -> None:
    assert log_ticks(0.5, 2e4, 4) == [1, 100, 10000]
