"""How large a Frechet distance is for want of samples, and what it would be without."""

from __future__ import annotations

import numpy as np
import pytest

from vigan.metrics.bias import bias_of_equal, frechet_infinity
from vigan.metrics.frechet import Gaussian, fit, frechet
from vigan.metrics.validate import MetricError

SPECTRA = {
    "flat": np.ones(48),
    "falling": 48.0 / np.arange(1, 49),
    "few": np.r_[np.full(4, 12.0), np.zeros(44)],
}


def _draw(rng: np.random.Generator, n: int, spectrum: np.ndarray) -> np.ndarray:
    return rng.normal(size=(n, len(spectrum))) * np.sqrt(spectrum)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("reals", "fakes"), [(400, 400), (2000, 300)])
def test_equal_distributions_are_as_far_apart_as_their_spectrum_says(name: str, reals: int, fakes: int) -> None:
    rng, spectrum = np.random.default_rng(0), SPECTRA[name]
    found = np.mean([frechet(_draw(rng, reals, spectrum), _draw(rng, fakes, spectrum)) for _ in range(30)])
    assert bias_of_equal(spectrum, reals, fakes) == pytest.approx(found, rel=0.1)


def test_the_bias_of_a_standard_normal_is_the_closed_form() -> None:
    assert bias_of_equal(np.ones(64), 1000, 1000) == pytest.approx((64 + (64**2 + 64) / 4) * 2 / 1000)
    assert bias_of_equal(np.zeros(3), 10, 10) == 0


def test_samples_of_few_directions_are_biased_less() -> None:
    values = [bias_of_equal(spectrum * 48 / spectrum.sum(), 1000, 1000) for spectrum in SPECTRA.values()]
    assert values == sorted(values, reverse=True)


def test_the_distance_of_infinitely_many_is_nearer_to_the_true_one() -> None:
    rng = np.random.default_rng(0)
    real = Gaussian(np.zeros(48), np.eye(48), 0)
    fakes = rng.normal(size=(1000, 48)) * 1.5
    true = 48 * 0.5**2
    found = frechet_infinity(real, fakes, rng)
    plain = found.distances[-1]
    assert found.sizes[0] == 100
    assert found.sizes[-1] == 1000
    assert plain == pytest.approx(frechet_infinity(real, fakes, np.random.default_rng(9)).distances[-1])
    assert abs(found.value - true) < abs(plain - true) / 4
    assert found.slope > 0
    assert found.residual < (plain - true) / 5


def test_the_fit_is_least_squares_in_one_over_n() -> None:
    rng = np.random.default_rng(1)
    found = frechet_infinity(fit(rng.normal(size=(500, 6))), rng.normal(size=(300, 6)) + 1, rng)
    slope, value = np.polyfit(1 / np.array(found.sizes), found.distances, 1)
    assert (found.value, found.slope) == pytest.approx((value, slope))
    rest = np.array(found.distances) - value - slope / np.array(found.sizes)
    assert found.residual == pytest.approx(np.sqrt(np.mean(rest**2)))


def test_bad_input_is_refused() -> None:
    with pytest.raises(MetricError, match="at least 30"):
        frechet_infinity(Gaussian(np.zeros(2), np.eye(2), 0), np.zeros((29, 2)), np.random.default_rng(0))
    with pytest.raises(MetricError, match="at least 50"):
        frechet_infinity(Gaussian(np.zeros(2), np.eye(2), 0), np.zeros((49, 2)), np.random.default_rng(0), points=25)
    for spectrum, reals in ((np.array([-1.0]), 9), (np.eye(2), 9), (np.array([np.nan]), 9), (np.ones(2), 1)):
        with pytest.raises(MetricError, match="no negative value, 2 of each"):
            bias_of_equal(spectrum, reals, 9)
