"""Validation of the arrays passed to estimators: bad input raises instead of giving a number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigan.errors import UserError

Floats = NDArray[np.float64]


class MetricError(UserError, ValueError):
    """Input for which the metric has no value; the message says which array and why."""


def check(rows: int, **arrays: ArrayLike) -> list[Floats]:
    """Float64 copies (or views) of the named arrays, in order, each of shape (n, d) with n >= `rows`, one common d.

    Raises:
        MetricError: an array is not 2-D, not numeric, has no column, has fewer than `rows` rows, holds NaN or
            infinity, or is not as wide as the first.
    """
    checked = [_check_one(name, array, rows) for name, array in arrays.items()]
    widths = {name: array.shape[1] for name, array in zip(arrays, checked, strict=True)}
    if len(set(widths.values())) > 1:
        raise MetricError(f"different numbers of features: {', '.join(f'{n} has {w}' for n, w in widths.items())}")
    return checked


def _check_one(name: str, array: ArrayLike, rows: int) -> Floats:
    try:
        values = np.asarray(array)
    except ValueError as error:
        raise MetricError(f"{name}: not a rectangular array ({error})") from None
    if values.dtype.kind not in "fiub":
        raise MetricError(f"{name}: holds {values.dtype}, not real numbers")
    if values.ndim != 2 or values.shape[1] == 0:
        raise MetricError(f"{name}: shape {values.shape}, expected (rows, features)")
    if len(values) < rows:
        raise MetricError(f"{name}: {len(values)} rows, this metric needs at least {rows}")
    values = values.astype(np.float64, copy=False)
    if not np.isfinite(values).all():
        bad = np.count_nonzero(~np.isfinite(values).all(axis=1))
        raise MetricError(f"{name}: {bad} of {len(values)} rows hold NaN or infinity")
    return values


def check_labels(labels: ArrayLike, classes: int, ndim: int) -> NDArray[np.int64]:
    """Labels as int64, `ndim`-dimensional, at least one, each in [0, `classes`). Raises MetricError otherwise."""
    values = np.asarray(labels)
    if values.dtype.kind not in "iu" or values.ndim != ndim or values.size == 0:
        raise MetricError(f"labels: {values.dtype} of shape {values.shape}, expected integers in {ndim} dimension(s)")
    if values.min() < 0 or values.max() >= classes:
        raise MetricError(f"labels: {values.min()} to {values.max()}, expected 0 to {classes - 1}")
    return values.astype(np.int64, copy=False)
