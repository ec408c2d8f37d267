"""Vendi score: an effective number of different samples (Friedman and Dieng 2023, arXiv 2210.02410, definition 3.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from vigan.metrics.validate import Floats, MetricError, check


def vendi(features: ArrayLike) -> float:
    """exp(entropy of the eigenvalues of K/n), K the cosine similarities of features (n, d): in [1, min(n, d)].

    The n x n and the d x d matrix share their eigenvalues; the smaller is used. The score grows with n: compare at
    equal n. Raises MetricError on bad input or on a row of zeros, which has no direction.
    """
    (values,) = check(1, features=features)
    if zero := zero_rows(values):
        raise MetricError(f"features: {zero} rows are all zero and have no cosine")
    _, exponents = np.frexp(np.abs(values).max(axis=1, keepdims=True))
    scaled = np.ldexp(values, -exponents)  # of an extreme row the squares would be no numbers
    unit = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    gram = unit @ unit.T if len(unit) <= unit.shape[1] else unit.T @ unit
    eigenvalues = np.linalg.eigvalsh(gram / len(unit))
    return max(1.0, float(np.exp(entr(np.maximum(eigenvalues, 0.0)).sum())))


def zero_rows(values: Floats) -> int:
    """How many rows of features (n, d) are all zero: they have no direction."""
    return int(np.count_nonzero(~values.any(axis=1)))
