"""Named protocols: what is frozen before a number may be compared with another of the same name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from numpy.typing import ArrayLike

from vigan.metrics.frechet import Gaussian, fit, frechet_distance
from vigan.metrics.neighbours import Neighbours, density_coverage, precision_recall
from vigan.metrics.validate import MetricError, check
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


@dataclass(frozen=True)
class Protocol:
    """Feature metrics by `extractor` on `samples` fakes against `samples` reals of the split `reference`."""

    extractor: str
    samples: int
    reference: str

    @property
    def name(self) -> str:
        """Such as `fd/efflite0-128/n=2000/ref=train`: numbers of two names never share a column."""
        return f"fd/{self.extractor}/n={self.samples}/ref={self.reference}"

    def measure(self, real: Reference, fake: ArrayLike) -> dict[str, float]:
        """`feature_metrics`, refused with MetricError unless both sets have exactly `samples` rows."""
        (fake,) = check(1, fake=fake)
        sizes = len(real.neighbours.features), len(fake)
        if sizes != (self.samples, self.samples):
            raise MetricError(f"{self.name}: got {sizes[0]} reals and {sizes[1]} fakes, needs {self.samples} of each")
        return feature_metrics(real, fake)
