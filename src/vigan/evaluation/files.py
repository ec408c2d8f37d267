"""Measure your own features as the studies measure theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vigan.io.arrays import read_array
from vigan.metrics.protocols import COVERAGE_K, PRECISION_K, Reference, feature_metrics
from vigan.metrics.validate import MetricError
from vigan.metrics.vendi import vendi, zero_rows

FEATURES = "name a .npy file of features (n, d), or an .npz of one such array"
PRINTED = ("frechet", "kid_mean", "kid_std", "precision", "recall", "density", "coverage")


def measure_features(real: Path, fake: Path, *, k: int | None = None, seed: int = 0) -> dict[str, Any]:
    """Metrics of two `.npy` files (or `.npz` files of one array) of features (n, d) and (m, d).

    Keys: `PRINTED`, `vendi_real`, `vendi_fake`, `n_real`, `n_fake`, and `notes` where there is something to tell: why
    a number is None, which rows are copies. `k` replaces both k = 3 of precision and recall and k = 5 of density and
    coverage. Raises RecordError if a file is missing or no array, MetricError naming both
    files if the metrics have no value for them.
    """
    reals, fakes = (read_array(path, remedy=FEATURES) for path in (real, fake))
    precision_k, coverage_k = (PRECISION_K, COVERAGE_K) if k is None else (k, k)
    try:
        reference = Reference(reals, max(precision_k, coverage_k))
        values = feature_metrics(reference, fakes, precision_k=precision_k, coverage_k=coverage_k, seed=seed)
        spread = {f"vendi_{side}": _vendi(rows) for side, rows in (("real", reals), ("fake", fakes))}
    except MetricError as error:
        raise MetricError(f"--real {real}, --fake {fake}: {error}") from None
    notes = [
        *_nulls(values),
        *_of_rows("real", reals, min(precision_k, coverage_k)),
        *_of_rows("fake", fakes, precision_k),
    ]
    counts = {"n_real": len(reals), "n_fake": len(fakes)}
    return {**{name: values.get(name) for name in PRINTED}, **spread, **counts, **({"notes": notes} if notes else {})}


def _vendi(rows: np.ndarray) -> float | None:
    return None if zero_rows(rows) else vendi(rows)


def _nulls(values: Mapping[str, float]) -> list[str]:
    """What is told where the kernel distance has no deviation."""
    return [] if "kid_std" in values else ["kid_std: null, as all rows make one subset, which has no deviation"]


def _of_rows(side: str, rows: np.ndarray, k: int) -> Iterator[str]:
    """What is told of rows that are all zero, or copies of one another."""
    if zero := zero_rows(rows):
        yield f"vendi_{side}: null, as {zero} rows are all zero and have no cosine"
    copies = np.unique(rows, axis=0, return_counts=True)[1]
    if many := int(copies[copies > k].sum()):
        yield (
            f"{many} {side} rows have {k} copies or more: neighbourhoods of {k} neighbours are points there, in which "
            "precision and recall count copies, density and coverage nothing"
        )
