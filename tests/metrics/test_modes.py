from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vigan.metrics.modes import class_modes, stacked_modes, toy_modes
from vigan.metrics.validate import MetricError

Array = np.ndarray[Any, Any]


def _ring() -> Array:
    angles = 2 * np.pi * np.arange(8) / 8
    return 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _grid() -> Array:
    steps = 2.0 * np.arange(-2, 3)
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


def _sampler(means: Array, std: float, n: int, rng: np.random.Generator) -> Array:
    return means[rng.integers(len(means), size=n)] + std * rng.normal(size=(n, 2))


@pytest.mark.parametrize(("means", "std"), [(_ring(), 0.02), (_grid(), 0.05)])
def test_a_perfect_sampler_holds_every_mode_with_989_of_1000_near(means: Array, std: float) -> None:
    scores = toy_modes(_sampler(means, std, 100_000, np.random.default_rng(0)), means, std)
    assert scores["high_quality"] == pytest.approx(1 - np.exp(-4.5), abs=0.002)
    assert scores["modes"] == scores["fair_modes"] == len(means)
    assert scores["reverse_kl"] == pytest.approx((len(means) - 1) / (2 * 98_900), abs=2e-4)


@pytest.mark.parametrize(("means", "std", "half", "captured"), [(_ring(), 0.02, 2.5, 5.7), (_grid(), 0.05, 5.0, 21)])
def test_uniform_noise_captures_most_modes_but_fairly_none(
    means: Array, std: float, half: float, captured: float
) -> None:
    rng = np.random.default_rng(0)
    runs = [toy_modes(rng.uniform(-half, half, (2500, 2)), means, std) for _ in range(200)]
    cell, area = np.pi * (3 * std) ** 2, (2 * half) ** 2
    expected = len(means) * (1 - (1 - cell / area) ** 2500)
    assert np.mean([run["modes"] for run in runs]) == pytest.approx(expected, abs=0.35)
    assert expected == pytest.approx(captured, abs=1.2)
    assert np.mean([run["fair_modes"] for run in runs]) == 0
    assert np.mean([run["high_quality"] for run in runs]) == pytest.approx(len(means) * cell / area, rel=0.1)


def test_a_collapsed_sampler_has_one_mode_and_the_largest_divergence() -> None:
    samples = _sampler(_ring()[:1], 0.02, 500, np.random.default_rng(0))
    scores = toy_modes(samples, _ring(), 0.02)
    assert scores["modes"] == scores["fair_modes"] == 1
    assert scores["reverse_kl"] == pytest.approx(np.log(8))


def test_no_high_quality_sample_gives_no_mode_and_the_documented_maximum() -> None:
    scores = toy_modes(np.full((10, 2), 50.0), _ring(), 0.02)
    assert scores == {"high_quality": 0, "modes": 0, "fair_modes": 0, "reverse_kl": pytest.approx(np.log(8))}


def test_three_deviations_are_near_and_just_beyond_are_not() -> None:
    means = np.array([[0.0, 0.0], [100.0, 0.0]])
    scores = toy_modes(np.array([[3.0, 0.0], [3.0 + 1e-9, 0.0]]), means, 1.0)
    assert scores["high_quality"] == 0.5


def test_a_mode_is_fair_from_a_fifth_of_its_share_of_all_samples() -> None:
    means = np.array([[0.0, 0.0], [100.0, 0.0]])
    at = np.repeat(means, [90, 10], axis=0)
    below = np.repeat(means, [91, 9], axis=0)
    assert toy_modes(at, means, 1.0)["fair_modes"] == 2
    assert toy_modes(below, means, 1.0)["fair_modes"] == 1


def test_far_samples_do_not_make_a_mode_fair() -> None:
    means = np.array([[0.0, 0.0], [100.0, 0.0]])
    samples = np.concatenate([np.repeat(means, [90, 1], axis=0), np.full((9, 2), [110.0, 0.0])])
    assert toy_modes(samples, means, 1.0)["fair_modes"] == 1
    assert toy_modes(samples, means, 1.0)["modes"] == 2


def test_a_perfect_digit_stack_has_the_known_divergence() -> None:
    rng = np.random.default_rng(0)
    runs = [stacked_modes(rng.integers(0, 10, (26_000, 3))) for _ in range(20)]
    assert np.mean([run["reverse_kl"] for run in runs]) == pytest.approx(0.0192, abs=3e-4)
    assert {run["modes"] for run in runs} == {1000}


def test_one_repeated_triple_is_one_mode_at_ln_1000() -> None:
    scores = stacked_modes(np.tile([1, 2, 3], (100, 1)))
    assert scores == {"modes": 1, "fair_modes": 1, "reverse_kl": pytest.approx(np.log(1000))}


def test_digit_order_makes_a_different_triple() -> None:
    assert stacked_modes([[1, 2, 3], [3, 2, 1], [1, 2, 3]])["modes"] == 2


def test_even_labels_have_no_divergence_and_a_missing_class_has_ln_ratio() -> None:
    assert class_modes(np.arange(100) % 10, 10) == {"modes": 10, "fair_modes": 10, "reverse_kl": pytest.approx(0)}
    assert class_modes(np.arange(100) % 5, 10)["reverse_kl"] == pytest.approx(np.log(2))
    assert class_modes(np.repeat([0, 1], [99, 1]), 2)["fair_modes"] == 1


def test_the_fair_bound_is_exact_where_a_fifth_is_no_binary_fraction() -> None:
    assert class_modes(np.repeat(np.arange(7), [29, 1, 1, 1, 1, 1, 1]), 7)["fair_modes"] == 7


@pytest.mark.parametrize(
    ("labels", "message"),
    [([], "shape"), ([0.0, 1.0], "float64"), ([0, 10], "expected 0 to 9"), ([-1, 3], "-1"), ([[1]], "dimension")],
)
def test_labels_that_are_none_are_an_error(labels: list[Any], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        class_modes(labels, 10)


def test_bad_samples_and_stacks_are_errors() -> None:
    with pytest.raises(MetricError, match="samples: 1 of 2 rows hold NaN"):
        toy_modes([[0, 0], [np.nan, 0]], _ring(), 0.02)
    with pytest.raises(MetricError, match="std 0"):
        toy_modes([[0, 0]], _ring(), 0)
    with pytest.raises(MetricError, match=r"expected \(n, 3\)"):
        stacked_modes([[1, 2]])
