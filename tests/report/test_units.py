"""A number on the page says what it is a number of."""

from __future__ import annotations

import pytest

from vigan.report.units import PLAIN, TRAINING, Unit, difference, ends, margins, of_metric, told


@pytest.mark.parametrize(
    ("metric", "value", "alone", "between"),
    [
        ("fair_modes", 6.0, "6 modes", "+6 modes"),
        ("high_quality", 0.25, "25%", "+25 percentage points"),
        ("reverse_kl", -0.5, "−0.5 nats", "−0.5 nats"),
        ("fair_modes", 1.0, "1 mode", "+1 mode"),
        ("reverse_kl", -1.0, "−1 nat", "−1 nat"),
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
    assert ends(4.941e-07, 0.02019, of_metric("precision")) == "[0.00005, 2.019]"


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("share of seeds higher by 1 or more", of_metric("fair_modes"), "share of seeds higher by 1 mode or more"),
        ("share of seeds lower by 2.5 or more", of_metric("modes"), "share of seeds lower by 2.5 modes or more"),
        ("not lower by 0.1 or more", of_metric("high_quality"), "not lower by 10 percentage points or more"),
        ("share of seeds lower by 30 or more", of_metric("frechet"), "share of seeds lower by 30 or more"),
        ("sooner by 5% of training or more", TRAINING, "sooner by 5% of training or more"),
        ("share of runs", PLAIN, "share of runs"),
        ("share of runs", Unit(runs="with a bad end"), "share of runs with a bad end"),
        ("share of seeds sooner", Unit(runs="that collapsed"), "share of seeds sooner"),
    ],
)
def test_a_margin_has_the_unit_of_its_measure(text: str, unit: Unit, expected: str) -> None:
    assert margins(text, unit) == expected
