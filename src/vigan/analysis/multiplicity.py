"""Correction of p-values for multiple testing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vigan.metrics.validate import Floats, MetricError


def holm(p_values: ArrayLike) -> Floats:
    """P-values adjusted for their number (Holm 1979), in the order given; NaN stays NaN and does not count."""
    values = np.array(p_values, dtype=np.float64)
    if values.ndim != 1:
        raise MetricError(f"p-values: shape {values.shape}, expected one row")
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
    steps = values[order] * np.arange(len(order), 0, -1)
    values[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return values
