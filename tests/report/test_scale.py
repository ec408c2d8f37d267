"""A scale goes from its lowest value to its highest, and is logarithmic only where that can be read."""

from __future__ import annotations

import pytest

from vigan.report.scale import Scale, scale_of

NAN = float("nan")


def test_shares_of_a_scale_go_from_0_to_1_and_no_further() -> None:
    assert [Scale(2.0, 4.0).share(value) for value in (1.0, 2.0, 3.5, 9.0)] == [0.0, 0.0, 0.75, 1.0]
    logarithmic = Scale(0.1, 1000.0, logarithmic=True)
    assert [logarithmic.share(value) for value in (-1.0, 1.0, 10.0)] == pytest.approx([0.0, 0.25, 0.5])


def test_it_holds_values_the_ends_of_their_intervals_and_real_data() -> None:
    made = scale_of([1.0, NAN, 2.0], [0.0, NAN, 3.0], 10.0, bounded=True, margin=0.1)
    assert made == Scale(pytest.approx(-1.0), pytest.approx(11.0))


@pytest.mark.parametrize(
    ("values", "bounded", "expected"),
    [
        ([1.0, 100.0], False, True),
        ([1.0, 100.0], True, False),
        ([1.0, 10.0], False, False),
        ([0.0, 100.0], False, False),
        ([-1.0, 100.0], False, False),
    ],
)
def test_only_what_has_no_bounds_is_above_0_and_differs_by_much_is_logarithmic(
    values: list[float], bounded: bool, expected: bool
) -> None:
    assert scale_of(values, [], None, bounded=bounded, margin=0.05).logarithmic == expected


def test_real_data_far_below_do_not_stretch_a_logarithmic_scale() -> None:
    near, far = (scale_of([1.0, 100.0], [], real, bounded=False, margin=0.05) for real in (0.5, 0.01))
    assert near.lowest < 0.5 < far.lowest < 1.0
    assert scale_of([1.0, 100.0], [], 0.0, bounded=False, margin=0.05).logarithmic


def test_without_a_value_there_is_a_scale_all_the_same() -> None:
    assert scale_of([NAN], [], None, bounded=False, margin=0.05).share(0.5) == pytest.approx(0.5)


def test_ticks_are_round_and_within_it() -> None:
    assert Scale(0.0, 4000.0).ticks(5) == [0, 1000, 2000, 3000, 4000]
    assert Scale(0.5, 200.0, logarithmic=True).ticks(5) == [1, 10, 100]


@pytest.mark.parametrize("constant", [3e16, -3e16, 1e300])
def test_a_scale_around_one_number_has_an_extent_however_large_it_is(constant: float) -> None:
    made = scale_of([constant], [], None, bounded=False, margin=0.05)
    assert made.share(constant) == pytest.approx(0.5)
    assert made.ticks(5)
