"""A number on the page says what it is a number of."""

from __future__ import annotations

import pytest

from vigan.report.units import difference, ends, of_metric, told


@pytest.mark.parametrize(
    ("metric", "value", "alone", "between"),
    [
        ("fair_modes", 6.0, "6 modes", "+6 modes"),
        ("high_quality", 0.25, "25%", "+25 percentage points"),
        ("reverse_kl", -0.5, "−0.5 nats", "−0.5 nats"),
        ("frechet", 12.0, "12", "+12"),
        ("frechet", float("nan"), "–", "–"),
    ],
)
def test_values_and_differences_have_their_units(metric: str, value: float, alone: str, between: str) -> None:
    unit = of_metric(metric)
    assert told(value, unit) == alone
    assert difference(value, unit) == between


def test_an_interval_is_in_the_unit_of_its_estimate() -> None:
    assert ends(0.1, 0.25, of_metric("precision")) == "[10, 25]"
