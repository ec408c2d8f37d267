"""Densities on the line: closed forms, limits and numerical derivatives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from vigan.bench.increasing import Increasing, Map, divergence


def _affine(shift: float, slope: float) -> Map:
    return Map(shift, slope, np.zeros(1), np.ones(1), np.zeros(1))


@pytest.mark.parametrize(("shift", "slope"), [(0.3, 1.2), (-2.0, 0.5), (0.0, 1.0), (1e-3, 1.0)])
def test_affine_maps_have_the_divergence_of_gaussians(shift: float, slope: float) -> None:
    found = divergence(_affine(shift, slope), _affine(0.0, 1.0))
    exact = -np.log(slope) + (slope**2 + shift**2 - 1) / 2
    assert found.kl == pytest.approx(exact, abs=1e-13)
    assert found.drift == pytest.approx(shift**2 + (slope - 1) ** 2, abs=1e-13)
    assert found.half_fisher == pytest.approx(0.5, abs=1e-12)


def test_the_divergence_is_the_integral_over_x_of_two_densities() -> None:
    new, old = Increasing(5, seed=1).map(), Increasing(5, seed=2).map()

    def density(known: Map, x: float) -> float:
        z = known.inverse(np.array([x]), np.zeros(1))
        return float(norm.pdf(z[0]) / known.at(z)[1][0])

    ends = new.at(np.array([-7.0, 7.0]))[0]
    exact, _ = quad(
        lambda x: density(new, x) * np.log(density(new, x) / density(old, x)), *ends, epsabs=1e-10, limit=200
    )
    assert divergence(new, old).kl == pytest.approx(exact, abs=1e-8)


def test_small_steps_follow_the_law_of_second_order() -> None:
    new, old = Increasing(16, seed=1).map(), Increasing(16, seed=2).map()
    for step in (1e-2, 1e-3):
        found = divergence(new, old, step)
        assert found.kl == pytest.approx(found.quadratic, rel=step)
    assert divergence(new, old, 1e-2).drift == pytest.approx(1e-4 * divergence(new, old).drift, rel=1e-9)


def test_where_all_points_move_alike_the_ratio_is_half_the_fisher_information() -> None:
    old = Increasing(16, seed=2).map()
    found = divergence(old._replace(shift=old.shift + 1e-4), old)
    assert found.kl / found.drift == pytest.approx(found.half_fisher, rel=1e-3)


def test_the_map_is_the_module_s_and_its_inverse_undoes_it() -> None:
    module = Increasing(16, seed=3)
    known, z = module.map(), np.linspace(-6, 6, 101)
    x, slope = known.at(z)
    with torch.no_grad():
        assert np.abs(module(torch.tensor(z, dtype=torch.float32)[:, None]).numpy()[:, 0] - x).max() < 1e-5
    assert np.abs(known.inverse(x, np.zeros(101)) - z).max() < 1e-12
    assert np.abs((known.at(z + 1e-6)[0] - known.at(z - 1e-6)[0]) / 2e-6 - slope).max() < 1e-8
    assert slope.min() > 0


@pytest.mark.parametrize("rate", [30.0, 1000.0, 30000.0])
def test_a_rise_that_no_grid_would_see_is_integrated(rate: float) -> None:
    old = Map(0.0, 1.0, np.array([2.0]), np.array([rate]), np.array([0.3 * rate]))
    found = divergence(old._replace(shift=1e-3 / rate), old)
    if rate < 1e4:  # above, the divergence of so small a step is below what is left by rounding
        assert found.kl == pytest.approx(found.quadratic, rel=0.05)
    assert found.half_fisher == pytest.approx(_fisher_by_parts(old), rel=1e-6)


def _fisher_by_parts(known: Map) -> float:
    """Half the Fisher information over small parts about the rise, and the rest."""
    centre, width = -known.offsets[0] / known.rates[0], 1 / known.rates[0]

    def of_z(z: float) -> float:
        x = np.array([z])
        bend = np.tanh(known.rates[0] * z + known.offsets[0])
        second = -2 * bend * (1 - bend**2) * known.heights[0] * known.rates[0] ** 2
        slope = float(known.at(x)[1][0])
        return float(norm.pdf(z)) * ((z + second / slope) / slope) ** 2 / 2

    ends = [-8.0, *(centre + k * width for k in (-30, -12, -6, -3, -1, 0, 1, 3, 6, 12, 30)), 8.0]
    return sum(quad(of_z, a, b, epsabs=1e-13, epsrel=1e-10, limit=200)[0] for a, b in zip(ends, ends[1:], strict=False))
