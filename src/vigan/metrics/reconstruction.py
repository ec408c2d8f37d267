"""How far examples are from what a model makes of their codes."""

from __future__ import annotations

import numpy as np

from vigan.metrics.validate import MetricError, check


def squared_error(real: np.ndarray, decoded: np.ndarray) -> float:
    """Mean over examples and coordinates of (x - G(E(x)))^2 for arrays (n, ...), in the square of the data's unit.

    Raises MetricError if the shapes differ, there is no example, or a value is not finite.
    """
    if real.shape != decoded.shape or not real.size:
        raise MetricError(f"examples {real.shape} and decoded codes {decoded.shape}: give as many, of one shape")
    x, again = check(1, real=real.reshape(len(real), -1), decoded=decoded.reshape(len(decoded), -1))
    return float(np.square(x - again).mean())
