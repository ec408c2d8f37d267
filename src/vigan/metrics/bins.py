"""Number of statistically different bins (NDB), Richardson and Weiss 2018, arXiv 1805.12462."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, rel_entr

from vigan.metrics.validate import Floats, MetricError, check

ARRAYS = ("centre", "scale", "middles", "counts")
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Bins:
    """Voronoi cells of a k-means on whitened real data (each column centred, over its deviation), and their counts.

    `centre`, `scale`: (d,), data units; `middles`: (bins, d), whitened; `counts`: (bins,) of the data they were fit on.
    """

    centre: Floats
    scale: Floats
    middles: Floats
    counts: NDArray[np.int64]

    @classmethod
    def fit(cls, real: ArrayLike, rng: np.random.Generator, bins: int = 100) -> Bins:
        """Cells of real pixels or features (n, d), n > `bins`; constant columns are centred only.

        Holds two float64 copies of the data. Raises MetricError on bad input, or
        if fewer of its rows differ than there are bins.
        """
        from sklearn.cluster import KMeans  # a second to import, for this alone
        from sklearn.exceptions import ConvergenceWarning

        if bins < 2:
            raise MetricError(f"{bins} bins: at least 2 are needed")
        (values,) = check(bins + 1, real=real)
        centre, scale = values.mean(axis=0), values.std(axis=0)
        scale[scale == 0] = 1.0
        clusters = KMeans(bins, random_state=int(rng.integers(2**31)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # of fewer clusters than bins, which is told below
            labels = clusters.fit_predict((values - centre) / scale)
        if (found := len(np.unique(labels))) < bins:
            raise MetricError(f"real: {found} different rows, {bins} bins need as many")
        return cls(centre, scale, clusters.cluster_centers_, np.bincount(labels, minlength=bins))

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Bins:
        """The bins from their `arrays`. Raises MetricError if an array is missing."""
        if missing := [name for name in ARRAYS if name not in arrays]:
            raise MetricError(f"bins without {', '.join(missing)}")
        return cls(*(arrays[name] for name in ARRAYS))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays from which `restore` makes these bins."""
        return {name: getattr(self, name) for name in ARRAYS}

    def compare(self, fake: ArrayLike, level: float = 0.05) -> dict[str, float]:
        """`ndb`: share in [0, 1] of cells whose fake and real proportions differ; `jsd`: divergence in [0, ln 2].

        A cell differs if a two-sided two-proportion z test rejects at `level`, so equal distributions score about
        `level`. The divergence is Jensen-Shannon's between the two histograms, natural logarithm. Raises MetricError
        on bad input or another width.
        """
        fake, _ = check(1, fake=fake, bins=self.centre[None])
        counts = np.bincount(self._assign(fake), minlength=len(self.counts))
        return {"ndb": float((_p_values(self.counts, counts) < level).mean()), "jsd": _jsd(self.counts, counts)}

    def _assign(self, values: Floats) -> NDArray[np.intp]:
        """Nearest cell of each row."""
        half_norms = np.einsum("ij,ij->i", self.middles, self.middles) / 2
        parts = (values[start : start + _ROWS_AT_ONCE] for start in range(0, len(values), _ROWS_AT_ONCE))
        nearness = (((part - self.centre) / self.scale) @ self.middles.T - half_norms for part in parts)
        return np.concatenate([part.argmax(axis=1) for part in nearness])


def _p_values(a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
    """Two-sided p value per bin that its proportions in histograms a and b are equal (pooled variance)."""
    n, m = a.sum(), b.sum()
    pooled = (a + b) / (n + m)
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return 2 * ndtr(-np.abs(a / n - b / m) / deviation)


def _jsd(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    p, q = a / a.sum(), b / b.sum()
    middle = (p + q) / 2
    return float((rel_entr(p, middle) + rel_entr(q, middle)).sum() / 2)
