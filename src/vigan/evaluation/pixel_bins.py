"""Bins of real images that get too many or too few fakes."""

from __future__ import annotations

import numpy as np

from vigan import rng
from vigan.evaluation.base import Arrays, Evaluator, Measure, Subject
from vigan.metrics.bins import Bins

SIDE = 32


class PixelBins(Evaluator):
    """`ndb` and `jsd` on pixels averaged down to a side of 32."""

    def __init__(self, subject: Subject) -> None:
        """Any images will do."""

    def reference_arrays(self, reals: np.ndarray) -> dict[str, np.ndarray]:
        """The bins of the reals and how many fall into each."""
        return Bins.fit(_pixels(reals), rng.generator(0, "metric", "bins")).arrays()

    def measure(self, arrays: Arrays) -> Measure:
        """`ndb` and `jsd` of images."""
        bins = Bins.restore(arrays)
        return lambda samples: bins.compare(_pixels(samples))


def _pixels(images: np.ndarray) -> np.ndarray:
    """Pixels (n, d) of images (n, C, side, side), averaged over squares where the side is a multiple of 32."""
    n, channels, side, _ = images.shape
    step = max(1, side // SIDE)
    blocks = images.reshape(n, channels, side // step, step, side // step, step)
    return blocks.mean(axis=(3, 5)).reshape(n, -1)
