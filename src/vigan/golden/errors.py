"""How far a replay is from a recording: one number for each thing compared, each on its own scale."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vigan.golden.full_size import norms, projections

INFINITE = 1e308
"""Error of arrays that cannot be compared; a number that JSON can hold."""


def error(ours: np.ndarray, theirs: np.ndarray, floor: float = 0.0) -> float:
    """Largest deviation over the largest value, or over `floor` if that is more.

    `INFINITE` if shapes differ or a value of ours is not finite. Arrays that were stored as float32 count only by
    what exceeds their rounding.
    """
    if ours.shape != theirs.shape or not np.isfinite(ours).all():
        return INFINITE
    rounding = np.spacing(np.abs(theirs)).astype(np.float64) / 2 if theirs.dtype == np.float32 else 0.0
    deviation = np.maximum(np.abs(ours - theirs.astype(np.float64)) - rounding, 0.0).max()
    return _relative(deviation, max(float(np.abs(theirs).max()), floor))


def error_of_variable(
    name: str, ours: np.ndarray, start: np.ndarray, arrays: Mapping[str, np.ndarray], step: float
) -> float:
    """Error of a final variable, over its own largest value where it was kept whole.

    Of the compact form: the deviation of its norms over its Euclidean norm, and the root mean square of that of its
    projections over the same. No scale is less than `step`, one step of the optimiser: a bias that has moved by less
    is what is left of gradients that cancel, and so is its rounding.
    """
    found = [error(ours, arrays[f"final/{name}"], step)] if f"final/{name}" in arrays else []
    if f"norms/{name}" in arrays:
        move, kept = ours - start.astype(np.float64), arrays[f"norms/{name}"]
        found.append(_relative(np.abs(norms(ours, move) - kept).max(), max(kept[0], step)))
        deviation = projections(name, move) - arrays[f"moved/{name}"]
        found.append(_relative(np.sqrt(np.mean(deviation**2)), max(kept[0], step)))
    return max(found)


def _relative(deviation: float, scale: float) -> float:
    if not np.isfinite(deviation):
        return INFINITE
    return float(deviation / scale) if scale else float(deviation)
