"""Measure your own features as the studies measure theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vigan.io.arrays import read_array
from vigan.metrics.two_samples import compare
from vigan.metrics.validate import MetricError

FEATURES = "name a .npy file of features (n, d), or an .npz of one such array"


def measure_features(real: Path, fake: Path, *, k: int | None = None, seed: int = 0) -> dict[str, Any]:
    """Metrics of two `.npy` files (or `.npz` files of one array) of features: see `vigan.metrics.compare`.

    Raises RecordError if a file is missing or no array, MetricError naming both files if the metrics have no value for
    them.
    """
    reals, fakes = (read_array(path, remedy=FEATURES) for path in (real, fake))
    try:
        return compare(reals, fakes, k=k, seed=seed)
    except MetricError as error:
        raise MetricError(f"--real {real}, --fake {fake}: {error}") from None
