"""Mode coverage: how many known modes the samples contain, and how evenly (Srivastava et al. 2017, arXiv 1705.07761).

A captured mode needs a single sample, so uniform noise "captures" most of a ring: read `modes` only beside
`high_quality` and `fair_modes`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from vigan.metrics.validate import MetricError, check, check_labels

_DEVIATIONS = 3.0
_FAIR_PARTS = 5  # a fifth; in integers, so that the bound itself is exact


def toy_modes(samples: ArrayLike, means: ArrayLike, std: float) -> dict[str, float]:
    """Scores of samples (n, 2) against a mixture of m equal round Gaussians at `means` (m, 2), deviation `std`.

    A sample is high quality if it lies within 3 `std` of its nearest mean; a perfect sampler has 1 - exp(-4.5) = 0.989.

    - `high_quality`: share in [0, 1] of such samples;
    - `modes`: modes with at least one; `fair_modes`: modes with at least 20% of their fair share n/m of them;
    - `reverse_kl`: KL (natural log) of their histogram over modes to uniform, in [0, ln m]. Without any, there is no
      histogram and the value is its maximum ln m.

    Raises MetricError on bad input or `std` <= 0.
    """
    samples, means = check(1, samples=samples, means=means)
    if not std > 0:
        raise MetricError(f"std {std}: must be above 0")
    squared = ((samples[:, None] - means) ** 2).sum(axis=2)
    near = squared.min(axis=1) <= (_DEVIATIONS * std) ** 2
    counts = np.bincount(squared.argmin(axis=1)[near], minlength=len(means))
    return {"high_quality": float(near.mean()), **_histogram_scores(counts, len(samples))}


def class_modes(labels: ArrayLike, classes: int) -> dict[str, float]:
    """Scores of integer labels (n,) in [0, `classes`), the classes being equally frequent in the data.

    `modes`: classes with at least one sample; `fair_modes`: with at least 20% of n/classes; `reverse_kl`: KL (natural
    log) of the label histogram to uniform, in [0, ln classes]. A perfect sampler's is about (classes - 1) / 2n.
    Raises MetricError on bad input.
    """
    labels = check_labels(labels, classes, ndim=1)
    return _histogram_scores(np.bincount(labels, minlength=classes), len(labels))


def stacked_modes(labels: ArrayLike) -> dict[str, float]:
    """`class_modes` of digit triples (n, 3) over the 1,000 possible ones. Raises MetricError on bad input."""
    labels = check_labels(labels, 10, ndim=2)
    if labels.shape[1] != 3:
        raise MetricError(f"labels: shape {labels.shape}, expected (n, 3)")
    return class_modes(labels @ np.array([100, 10, 1]), 1000)


def _histogram_scores(counts: NDArray[np.int64], n: int) -> dict[str, float]:
    modes = len(counts)
    return {
        "modes": float(np.count_nonzero(counts)),
        "fair_modes": float(np.count_nonzero(_FAIR_PARTS * modes * counts >= n)),
        "reverse_kl": float(rel_entr(counts / counts.sum(), 1 / modes).sum() if counts.any() else np.log(modes)),
    }
