"""All feature metrics at the settings every protocol shares, so that numbers of one name can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigan.metrics.birthday import birthday
from vigan.metrics.diversity import mean_pairwise_distance
from vigan.metrics.frechet import Gaussian, fit, frechet_distance
from vigan.metrics.kernel import kid
from vigan.metrics.neighbours import Neighbours, prdc
from vigan.metrics.validate import Floats, MetricError, check
from vigan.metrics.vendi import vendi
from vigan.rng import generator

PRECISION_K = 3
COVERAGE_K = 5
BIRTHDAY_BATCH = 100
BIRTHDAY_REALS = 1000  # batches of fewer share so many rows that the control is far from its level
ARRAYS = ("features", "nearest", "factor")


class Reference:
    """Real features (n, d), n >= 6, with all that depends on them only, computed once for all snapshots and runs."""

    def __init__(self, features: ArrayLike, depth: int = COVERAGE_K) -> None:
        """Keep the features; `depth` is the farthest neighbour asked for. Raises MetricError on bad input."""
        self.neighbours = Neighbours(features, depth)

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Reference:
        """The reference that `arrays` was taken of. Raises MetricError if an array is missing or does not fit."""
        if missing := [name for name in ARRAYS if name not in arrays]:
            raise MetricError(f"reference without {', '.join(missing)}")
        made = cls(arrays["features"], arrays["nearest"].shape[1])
        made.neighbours.keep(arrays["nearest"])
        made.gaussian.keep(arrays["factor"])
        return made

    def arrays(self) -> dict[str, NDArray[np.floating]]:
        """What restores this reference: the features in float32, squared neighbour distances, covariance factor."""
        return {
            "features": self.neighbours.features.astype(np.float32),
            "nearest": self.neighbours.nearest,
            "factor": self.gaussian.factor,
        }

    @property
    def features(self) -> Floats:
        """The features, float64."""
        return self.neighbours.features

    @cached_property
    def gaussian(self) -> Gaussian:
        """Gaussian fitted to the features."""
        return fit(self.features)


def feature_metrics(
    real: Reference, fake: ArrayLike, *, precision_k: int = PRECISION_K, coverage_k: int = COVERAGE_K, seed: int = 0
) -> dict[str, float]:
    """Every feature metric of fake features (m, d) against the real ones.

    `frechet`; `kid_mean` and `kid_std` over 100 subsets of at most 1,000; `precision`, `recall` (k = 3); `density`,
    `coverage` (k = 5); `vendi` and `diversity` of the fakes alone; and, where there are at least 1,000 reals and 100
    fakes, `birthday`: the chance that 100 fakes hold a near-duplicate. Each depends on the numbers of reals and fakes:
    compare at equal ones. `seed` draws subsets and pairs. Raises MetricError on bad input.
    """
    (fake,) = check(precision_k + 1, fake=fake)
    kid_mean, kid_std = kid(real.features, fake, generator(seed, "metric", "kid"))
    values = {
        "frechet": frechet_distance(real.gaussian, fit(fake)),
        "kid_mean": kid_mean,
        "kid_std": kid_std,
        **prdc(real.neighbours, Neighbours(fake, precision_k), precision_k, coverage_k),
        "vendi": vendi(fake),
        "diversity": mean_pairwise_distance(fake, generator(seed, "metric", "pairs")),
    }
    if len(real.features) >= BIRTHDAY_REALS and len(fake) >= BIRTHDAY_BATCH:
        rng = generator(seed, "metric", "birthday")
        values["birthday"] = birthday(real.features, fake, rng, BIRTHDAY_BATCH)["fake"]
    return values
