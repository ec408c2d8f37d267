"""Frechet distance between Gaussians fitted to two sets of features (Heusel et al. 2017, arXiv 1706.08500, eq. 6)."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cholesky, get_lapack_funcs, svdvals

from vigan.metrics.validate import Floats, MetricError, check

_POCON, _SYGST = get_lapack_funcs(("pocon", "sygst"), dtype=np.float64)


class Gaussian:
    """Mean (d,), covariance (d, d; ddof 1) of `n` feature vectors.

    `root` (d, n), when the fit had n <= d, is the centred data over sqrt(n - 1): root @ root.T is the covariance, which
    is then not made unless it is asked for.
    """

    def __init__(self, mean: Floats, covariance: Floats | None, n: int, root: Floats | None = None) -> None:
        """Raises MetricError if the shapes disagree, or a value is not finite."""
        self.mean, self.n, self.root = mean, n, root
        spread = covariance if root is None else root
        assert spread is not None
        if mean.ndim != 1 or spread.shape != (mean.size, mean.size if root is None else n):
            raise MetricError(f"mean of shape {mean.shape} with covariance of shape {spread.shape}")
        if not (np.isfinite(mean).all() and np.isfinite(spread).all()):
            raise MetricError("mean or covariance holds NaN or infinity")
        if covariance is not None:
            self.__dict__["covariance"] = covariance

    @cached_property
    def covariance(self) -> Floats:
        """The covariance."""
        assert self.root is not None
        return self.root @ self.root.T

    @property
    def variance(self) -> float:
        """Trace of the covariance, in squared feature units."""
        return float(np.trace(self.covariance) if self.root is None else np.einsum("ij,ij->", self.root, self.root))

    @cached_property
    def factor(self) -> Floats:
        """Matrix F (d, r) with F @ F.T == covariance: `root`, or the Cholesky factor, or from the eigenvectors.

        The Cholesky factor, lower triangular, costs a tenth of the eigenvectors and is at least as accurate; it is used
        where the covariance has full numerical rank: smallest over largest eigenvalue above d * eps, as estimated.
        Otherwise eigenvalues below d * eps * the largest are rounding noise: they are dropped, and r is the rank.
        """
        if self.root is not None:
            return self.root
        lower = _cholesky(self.covariance)
        return _from_eigenvectors(self.covariance) if lower is None else lower

    def keep(self, factor: Floats) -> None:
        """Use `factor` as computed before from the same features. Raises MetricError if its shape does not fit."""
        if factor.ndim != 2 or len(factor) != self.mean.size:
            raise MetricError(f"covariance factor of shape {factor.shape} for {self.mean.size} features")
        self.__dict__["factor"] = factor


def fit(features: ArrayLike) -> Gaussian:
    """Gaussian of features (n, d), n >= 2. Raises MetricError on bad input."""
    (values,) = check(2, features=features)
    n, width = values.shape
    mean = values.mean(axis=0)
    scaled = (values - mean) / np.sqrt(n - 1)
    return Gaussian(mean, None, n, scaled.T) if n <= width else Gaussian(mean, scaled.T @ scaled, n)


def frechet_distance(p: Gaussian, q: Gaussian) -> float:
    """|mu_p - mu_q|^2 + tr(S_p + S_q - 2 (S_p S_q)^(1/2)), in squared feature units.

    Symmetric; 0 for p = q up to rounding, which may leave a value a little below 0 (it is not clipped). Pass the
    reference as `p`: its factor is computed once and kept. Raises MetricError if the widths differ.
    """
    if p.mean.size != q.mean.size:
        raise MetricError(f"different numbers of features: {p.mean.size} and {q.mean.size}")
    shift = p.mean - q.mean
    return float(shift @ shift + p.variance + q.variance - 2 * _trace_of_root(p, q))


def frechet(real: ArrayLike, fake: ArrayLike) -> float:
    """Frechet distance between features (n, d) and (m, d); n and m may be below d. Raises MetricError on bad input."""
    real, fake = check(2, real=real, fake=fake)
    return frechet_distance(fit(real), fit(fake))


def _trace_of_root(p: Gaussian, q: Gaussian) -> float:
    """tr((S_p S_q)^(1/2)): the sum of the singular values of F_p.T @ F_q, for any factors F.

    With one factor only, they are the square roots of the eigenvalues of F.T @ S @ F: half the work of factoring both,
    and as accurate where F has full rank. Two thin factors are used as they are.
    """
    if p.root is not None and q.root is not None:
        return float(np.sum(svdvals(p.root.T @ q.root)))
    factored, other = (q, p) if q.root is not None else (p, q)
    product = _congruent(other.covariance, factored.factor)
    return float(np.sqrt(np.maximum(np.linalg.eigvalsh(product, UPLO="L"), 0.0)).sum())


def _cholesky(covariance: Floats) -> Floats | None:
    """Lower factor of the covariance; None if that has no full numerical rank."""
    try:
        lower = cholesky(covariance, lower=True, check_finite=False)
    except LinAlgError:
        return None
    conditioning, _ = _POCON(lower, np.abs(covariance).sum(axis=0).max(), uplo="L")
    return lower if conditioning > _noise(covariance) else None


def _from_eigenvectors(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    real = values > values[-1] * _noise(covariance)
    return vectors[:, real] * np.sqrt(values[real])


def _noise(covariance: Floats) -> float:
    """Bound of rounding errors, relative to the largest eigenvalue."""
    return len(covariance) * float(np.finfo(np.float64).eps)


def _congruent(covariance: Floats, factor: Floats) -> Floats:
    """Matrix whose lower triangle is that of F.T @ S @ F: a third of the work if F is lower triangular."""
    if factor.shape == covariance.shape and not np.triu(factor, 1).any():
        return _SYGST(covariance.T, factor, itype=2, lower=1)[0]
    return factor.T @ covariance @ factor
