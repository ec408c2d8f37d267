"""All feature metrics at the settings every protocol shares, so that numbers of one name can be compared."""

from __future__ import annotations

from functools import cached_property

from numpy.typing import ArrayLike

from vigan.metrics.frechet import Gaussian, fit, frechet_distance
from vigan.metrics.neighbours import Neighbours, density_coverage, precision_recall
from vigan.metrics.validate import check
from vigan.metrics.vendi import vendi

PRECISION_K = 3
COVERAGE_K = 5


class Reference:
    """Real features (n, d), n >= 6, with all that depends on them only, computed once for all snapshots of a run."""

    def __init__(self, features: ArrayLike) -> None:
        """Keep the features. Raises MetricError on bad input."""
        self.neighbours = Neighbours(features, max(PRECISION_K, COVERAGE_K))

    @cached_property
    def gaussian(self) -> Gaussian:
        """Gaussian fitted to the features."""
        return fit(self.neighbours.features)


def feature_metrics(real: Reference, fake: ArrayLike) -> dict[str, float]:
    """`frechet`, `precision`, `recall` (k = 3), `density`, `coverage` (k = 5), `vendi` of fake features (m, d).

    Each depends on the numbers of reals and fakes: compare at equal ones. Raises MetricError on bad input.
    """
    (fake,) = check(PRECISION_K + 1, fake=fake)
    neighbours = Neighbours(fake, PRECISION_K)
    precision, recall = precision_recall(real.neighbours, neighbours, PRECISION_K)
    density, coverage = density_coverage(real.neighbours, neighbours, COVERAGE_K)
    return {
        "frechet": frechet_distance(real.gaussian, fit(fake)),
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
        "vendi": vendi(fake),
    }
