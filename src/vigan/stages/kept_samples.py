"""The samples that a run kept for figures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vigan.io.arrays import read_npz
from vigan.io.files import RecordError
from vigan.io.run_record import RunFiles


class KeptSamples(NamedTuple):
    """Steps (s,), samples, uint8 images (s, n, C, side, side) or points (s, n, 2), and whether all were finite (s,)."""

    steps: np.ndarray
    samples: np.ndarray
    finite: np.ndarray


def read_samples(run: RunFiles) -> KeptSamples:
    """A run's samples. Raises RecordError naming their file if it is damaged or of another data set."""
    path, remedy = run.folder / "samples.npz", "evaluate the run again"
    kept = KeptSamples(**read_npz(path, KeptSamples._fields, remedy=remedy))
    shape, images = run.spec.dataset.shape, len(run.spec.dataset.shape) == 3
    sound = (
        kept.steps.dtype.kind in "iu"
        and kept.finite.dtype == bool
        and kept.samples.dtype == (np.uint8 if images else np.float32)
        and kept.samples.shape[2:] == shape
        and kept.steps.shape == kept.finite.shape == kept.samples.shape[:1]
        and (images or bool(np.isfinite(kept.samples).all()))
    )
    if not sound:
        raise RecordError(f"{path}: not the samples of this run; {remedy}")
    return kept
