"""Reconstruction error of examples from their codes."""

from __future__ import annotations

import numpy as np

from vigan.metrics.validate import MetricError, check


def reconstruction_error(reals: np.ndarray, decoded: np.ndarray) -> float:
    """`squared_error` of stored examples (n, ...) and their reconstructions.

    Either may be uint8 images, which are scaled to [-1, 1]; anything else is used as it is.
    """
    return squared_error(_unrounded(reals), _unrounded(decoded))


def squared_error(real: np.ndarray, decoded: np.ndarray) -> float:
    """Mean over examples and coordinates of (x - G(E(x)))^2 for arrays (n, ...), in the square of the data's unit.

    Raises MetricError if the shapes differ, there is no example, or a value is not finite.
    """
    if real.shape != decoded.shape or not real.size:
        raise MetricError(f"examples {real.shape} and decoded codes {decoded.shape}: give as many, of one shape")
    x, again = check(1, real=real.reshape(len(real), -1), decoded=decoded.reshape(len(decoded), -1))
    return float(np.square(x - again).mean())


def _unrounded(examples: np.ndarray) -> np.ndarray:
    """Stored images scaled to [-1, 1], as networks take them; anything else as it is."""
    return examples / 127.5 - 1 if examples.dtype == np.uint8 else examples
