from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from vigan.evaluation.witness_tools import _with_disp
from vigan.metrics.frechet import Gaussian, fit, frechet, frechet_distance
from vigan.metrics.validate import MetricError

Array = np.ndarray[Any, Any]


def _spd(rng: np.random.Generator, d: int) -> Array:
    a = rng.normal(size=(d, d))
    return a @ a.T / d + 0.1 * np.eye(d)


def _correlated(seed: int, n: int, d: int) -> Array:
    rng = np.random.default_rng(seed)
    return np.maximum(rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / np.sqrt(d) + 0.3, 0)


def _by_sqrtm(x: Array, y: Array) -> float:
    s, t = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = np.trace(np.asarray(scipy.linalg.sqrtm(s @ t))).real
    return float(np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(s) + np.trace(t) - 2 * root)


def test_the_known_value_of_a_seeded_example() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 16)), rng.normal(size=(300, 16)) * 0.7 + 0.2
    assert frechet(x, y) == pytest.approx(2.41317849178, abs=1e-11)


def test_means_one_apart_in_each_of_2048_dimensions_are_2048_apart() -> None:
    identity = np.eye(2048)
    p, q = Gaussian(np.zeros(2048), identity, 9), Gaussian(np.ones(2048), identity, 9)
    assert frechet_distance(p, q) == pytest.approx(2048, rel=1e-12)


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_a_linear_optimal_transport_has_its_closed_form(d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    s, transport = _spd(rng, d), _spd(rng, d)
    p, q = Gaussian(np.zeros(d), s, 9), Gaussian(np.zeros(d), transport @ s @ transport, 9)
    closed = np.trace(p.covariance) + np.trace(q.covariance) - 2 * np.trace(s @ transport)
    assert frechet_distance(p, q) == pytest.approx(closed, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize(("n", "m"), [(300, 200), (300, 20), (20, 300), (15, 20), (64, 65)])
def test_it_equals_the_matrix_square_root_for_many_and_few_rows(n: int, m: int) -> None:
    x, y = _correlated(1, n, 64), _correlated(2, m, 64)
    root: Any = scipy.linalg.sqrtm(np.cov(x, rowvar=False))
    inner = root @ np.cov(y, rowvar=False) @ root
    trace = np.sqrt(np.maximum(np.linalg.eigvalsh(np.real(inner + inner.T) / 2), 0)).sum()
    plain = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.var(x, 0, ddof=1).sum() + np.var(y, 0, ddof=1).sum() - 2 * trace
    assert frechet(x, y) == pytest.approx(plain, rel=1e-6)


def test_it_equals_the_usual_product_form_at_full_rank() -> None:
    x, y = _correlated(3, 500, 48), _correlated(4, 400, 48)
    assert frechet(x, y) == pytest.approx(_by_sqrtm(x, y), rel=1e-9)


def test_few_rows_and_their_covariances_alone_agree() -> None:
    x, y = _correlated(5, 30, 50), _correlated(6, 40, 50)
    p, q = fit(x), fit(y)
    assert p.root is not None
    plain = frechet_distance(Gaussian(p.mean, p.covariance, p.n), Gaussian(q.mean, q.covariance, q.n))
    assert frechet(x, y) == pytest.approx(plain, rel=1e-6)


@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 20), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_it_is_symmetric_and_unchanged_by_rotation(n: int, m: int, d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) * 2 + 1
    rotation, _ = np.linalg.qr(rng.normal(size=(d, d)))
    value = frechet(x, y)
    assert frechet(y, x) == pytest.approx(value, rel=1e-6, abs=1e-6)
    assert frechet(x @ rotation, y @ rotation) == pytest.approx(value, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("n", [20, 200])
def test_it_is_zero_on_itself_even_with_dead_features(n: int) -> None:
    x = _correlated(7, n, 64)
    x[:, ::3] = 0
    x[:, 1] = x[:, 2]
    assert frechet(x, x) == pytest.approx(0, abs=1e-5)
    assert frechet(x, x[::-1]) == pytest.approx(0, abs=1e-5)


def test_the_factor_multiplies_to_the_covariance_which_divides_by_n_minus_one() -> None:
    for n in (20, 100):
        x = _correlated(8, n, 32)
        p = fit(x)
        np.testing.assert_allclose(p.covariance, np.cov(x, rowvar=False), atol=1e-12)
        np.testing.assert_allclose(p.factor @ p.factor.T, p.covariance, atol=1e-12)


def test_the_factor_of_a_reference_is_computed_once() -> None:
    p = fit(_correlated(9, 100, 16))
    assert p.factor is p.factor


@pytest.mark.parametrize(("decades", "triangular"), [(0, True), (6, True), (10, True), (15, False), (18, False)])
def test_only_a_covariance_of_full_numerical_rank_is_factored_by_cholesky(decades: int, triangular: bool) -> None:
    """Its eigenvalues span so many decades; eps of 48 columns is 1e-14."""
    rng = np.random.default_rng(12)
    basis, _ = np.linalg.qr(rng.normal(size=(48, 48)))
    covariance = (basis * np.logspace(0, -decades, 48)) @ basis.T
    covariance = (covariance + covariance.T) / 2
    factor = Gaussian(np.zeros(48), covariance, 9).factor
    assert (factor.shape == (48, 48) and not np.triu(factor, 1).any()) == triangular
    np.testing.assert_allclose(factor @ factor.T, covariance, atol=1e-13)


@pytest.mark.parametrize("decades", [2, 8, 12, 16])
def test_a_linear_optimal_transport_keeps_its_closed_form_however_ill_conditioned(decades: int) -> None:
    rng = np.random.default_rng(13)
    basis, _ = np.linalg.qr(rng.normal(size=(48, 48)))
    s, transport = (basis * np.logspace(0, -decades, 48)) @ basis.T, _spd(rng, 48)
    p, q = Gaussian(np.zeros(48), s, 9), Gaussian(np.zeros(48), transport @ s @ transport, 9)
    closed = np.trace(s) + np.trace(q.covariance) - 2 * np.trace(s @ transport)
    assert frechet_distance(p, q) == pytest.approx(closed, rel=1e-9 if decades < 14 else 1e-6)


def test_a_triangular_factor_and_any_other_give_the_same_number() -> None:
    p, q = fit(_correlated(14, 200, 24)), fit(_correlated(15, 200, 24))
    turned = Gaussian(p.mean, p.covariance, p.n)
    turned.keep(p.factor @ np.linalg.qr(np.random.default_rng(16).normal(size=(24, 24)))[0])
    assert np.triu(turned.factor, 1).any()
    assert frechet_distance(turned, q) == pytest.approx(frechet_distance(p, q), rel=1e-9)


def test_a_common_library_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its call of `sqrtm` is one that SciPy 1.18 no longer has; it gets what it asks for."""
    from cleanfid import fid

    monkeypatch.setattr(fid, "linalg", _with_disp(fid.linalg.sqrtm))
    x, y = _correlated(10, 400, 32), _correlated(11, 300, 32)
    p, q = fit(x), fit(y)
    theirs = fid.frechet_distance(p.mean, p.covariance, q.mean, q.covariance)
    assert frechet_distance(p, q) == pytest.approx(theirs, rel=1e-8)


def test_the_bias_falls_as_one_over_n() -> None:
    rng = np.random.default_rng(0)
    at_1k = frechet(rng.normal(size=(1000, 64)), rng.normal(size=(1000, 64)))
    at_10k = frechet(rng.normal(size=(10_000, 64)), rng.normal(size=(10_000, 64)))
    assert at_1k == pytest.approx(2.23, abs=0.25)
    assert at_10k == pytest.approx(0.217, abs=0.025)


def test_gaussians_that_do_not_fit_are_refused() -> None:
    with pytest.raises(MetricError, match="3 and 4"):
        frechet_distance(Gaussian(np.zeros(3), np.eye(3), 9), Gaussian(np.zeros(4), np.eye(4), 9))
    with pytest.raises(MetricError, match="covariance of shape"):
        Gaussian(np.zeros(3), np.eye(4), 9)
    with pytest.raises(MetricError, match="NaN"):
        Gaussian(np.zeros(2), np.full((2, 2), np.nan), 9)
