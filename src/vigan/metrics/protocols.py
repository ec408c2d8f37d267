"""All feature metrics at the settings that every protocol shares, so numbers of one name are comparable."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigan.metrics.birthday import collisions, draw_batches, nearness
from vigan.metrics.diversity import mean_pairwise_distance
from vigan.metrics.frechet import Gaussian, fit, frechet_distance
from vigan.metrics.kernel import Across, Subsets, Within, draw
from vigan.metrics.neighbours import Neighbours, prdc
from vigan.metrics.validate import Floats, MetricError, check
from vigan.metrics.vendi import vendi, zero_rows
from vigan.rng import generator

PRECISION_K = 3
COVERAGE_K = 5
LARGEST = 1e50
"""Feature beyond which the kernel, a cube of products, leaves float64."""
BIRTHDAY_BATCH = 100
BIRTHDAY_REALS = 1000  # batches of fewer share so many rows that the control is far from its level
ARRAYS = ("features", "distances", "factor", "kernel", "nearness")


class Reference:
    """Real features (n, d), n >= 6, with all that depends on them only, computed once for all snapshots and runs."""

    def __init__(self, features: ArrayLike, depth: int = COVERAGE_K) -> None:
        """Store the features; `depth` is the largest k needed. Raises MetricError on bad input."""
        self.neighbours = Neighbours(features, depth)
        self._kernel: dict[tuple[int, int], Floats] = {}
        self._nearness: dict[int, float] = {}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], fakes: int | None = None) -> Reference:
        """The reference that `arrays` was taken of, for so many fakes.

        Raises MetricError if an array is missing or does not fit.
        """
        if missing := [name for name in ARRAYS if name not in arrays]:
            raise MetricError(f"reference without {', '.join(missing)}")
        made = cls(arrays["features"], arrays["distances"].shape[1])
        made.neighbours.keep(arrays["distances"])
        made.gaussian.keep(arrays["factor"])
        made._keep(arrays["kernel"], arrays["nearness"], fakes or len(made.features))
        return made

    def _keep(self, kernel: Floats, near: Floats, fakes: int) -> None:
        n = len(self.features)
        if kernel.shape != (len(_subsets(n, fakes, 0).real),) or near.shape != (1,):
            raise MetricError(f"kernel means of shape {kernel.shape} and nearness of shape {near.shape} for {n} reals")
        self._kernel[fakes, 0], self._nearness[0] = kernel, float(near[0])

    def arrays(self, fakes: int | None = None) -> dict[str, NDArray[np.floating]]:
        """What restores this reference; kernel means are those for so many fakes, or as many, drawn by seed 0."""
        n = len(self.features)
        return {
            "features": self.neighbours.features.astype(np.float32),
            "kernel": self.kernel_means(fakes or n, 0),  # shows all pairs, and so finds the nearest
            "distances": self.neighbours.nearest,
            "factor": self.gaussian.factor,
            "nearness": np.array([self.nearness(0) if n >= BIRTHDAY_REALS else np.nan]),
        }

    @property
    def features(self) -> Floats:
        """The features, float64."""
        return self.neighbours.features

    @cached_property
    def gaussian(self) -> Gaussian:
        """Gaussian fitted to the features."""
        return fit(self.features)

    def kernel_means(self, fakes: int, seed: int) -> Floats:
        """The kernel's means (subsets,) over the pairs of reals of each of KID's subsets, against so many fakes."""
        if (fakes, seed) not in self._kernel:
            reals = self.neighbours
            tally = Within(reals.features, reals.centre, _subsets(len(reals.features), fakes, seed).real)
            reals.visit(tally)
            self._kernel[fakes, seed] = tally.means()
        return self._kernel[fakes, seed]

    def nearness(self, seed: int) -> float:
        """Distance (feature units) up to which two rows of a batch are near-duplicates; for 1,000 reals or more."""
        if seed not in self._nearness:
            n = len(self.features)
            batches = draw_batches(n, BIRTHDAY_BATCH, generator(seed, "metric", "birthday"), BIRTHDAY_BATCH)
            self._nearness[seed] = nearness(self.features, batches.calibration)
        return self._nearness[seed]


def feature_metrics(
    real: Reference, fake: ArrayLike, *, precision_k: int = PRECISION_K, coverage_k: int = COVERAGE_K, seed: int = 0
) -> dict[str, float]:
    """Every feature metric of fake features (m, d) against the real ones.

    `frechet`; `kid_mean` and, where these differ, `kid_std` over 100 subsets of at most 1,000; `precision`, `recall`
    (k = 3); `density`, `coverage` (k = 5); of the fakes alone `diversity` and, unless a row is all zero, `vendi`; and,
    where there are at least 1,000 reals and 100 fakes, `birthday`: the chance that 100 fakes hold a near-duplicate.
    Each depends on the numbers of reals and fakes: compare at equal ones. `seed` draws subsets and pairs. Raises
    MetricError on bad input.
    """
    reals, fakes = check(precision_k + 1, real=real.features, fake=fake)
    if max(np.abs(reals).max(), np.abs(fakes).max()) > LARGEST:
        raise MetricError(f"features beyond {LARGEST:.0e}, of which the kernel is no number; divide both by a constant")
    values = {
        "frechet": frechet_distance(real.gaussian, fit(fakes)),
        **pair_metrics(real, fakes, precision_k, coverage_k, seed),
        **({} if zero_rows(fakes) else {"vendi": vendi(fakes)}),
        "diversity": mean_pairwise_distance(fakes, generator(seed, "metric", "pairs")),
    }
    if len(reals) >= BIRTHDAY_REALS and len(fakes) >= BIRTHDAY_BATCH:
        values["birthday"] = birthday_of_fakes(real, fakes, seed)
    return values


def pair_metrics(real: Reference, fake: Floats, precision_k: int, coverage_k: int, seed: int) -> dict[str, float]:
    """`kid_mean`, `kid_std`, `precision`, `recall`, `density`, `coverage` from one pass over all pairs.

    `kid_std` is left out where the only subset is all of both sets.
    The same numbers, up to rounding, as `kid`, `precision_recall` and `density_coverage`.
    """
    subsets = _subsets(len(real.features), len(fake), seed)
    fakes, centre = Neighbours(fake, precision_k), real.neighbours.centre
    among, between = Within(fake, fakes.centre, subsets.fake), Across(real.features, fake, centre, subsets)
    of_reals = real.kernel_means(len(fake), seed)
    fakes.visit(among)
    balls = prdc(real.neighbours, fakes, precision_k, coverage_k, between)
    distances = of_reals + among.means() - 2 * between.means()
    deviation = {"kid_std": float(distances.std())} if len(distances) > 1 else {}
    return {"kid_mean": float(distances.mean()), **deviation, **balls}


def birthday_of_fakes(real: Reference, fake: Floats, seed: int) -> float:
    """`birthday` of the fakes, with a threshold that is computed once for all snapshots."""
    rng = generator(seed, "metric", "birthday")
    batches = draw_batches(len(real.features), len(fake), rng, BIRTHDAY_BATCH)
    return collisions(fake, batches.fake, real.nearness(seed))


def _subsets(reals: int, fakes: int, seed: int) -> Subsets:
    return draw(reals, fakes, generator(seed, "metric", "kid"))
