"""All metrics of two sets of features, at the settings of the studies or at others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from vigan.metrics.protocols import COVERAGE_K, PRECISION_K, Reference, feature_metrics
from vigan.metrics.vendi import vendi, zero_rows

PRINTED = ("frechet", "kid_mean", "kid_std", "precision", "recall", "density", "coverage")


def compare(real: np.ndarray, fake: np.ndarray, *, k: int | None = None, seed: int = 0) -> dict[str, Any]:
    """Metrics of generated features (m, d) against real ones (n, d), one row a sample, n and m at least 6.

    Keys: `PRINTED`, `vendi_real`, `vendi_fake`, `n_real`, `n_fake`, and `notes`, if there are any: why a value is None,
    which rows are duplicates. Distances are in squared units of the features; precision, recall and
    coverage are shares, 0 to 1. `k` replaces both k = 3 of precision and recall and k = 5 of density and coverage;
    `seed` is that of KID's subsets. Raises MetricError if the metrics have no value for them.
    """
    precision_k, coverage_k = (PRECISION_K, COVERAGE_K) if k is None else (k, k)
    reference = Reference(real, max(precision_k, coverage_k))
    values = feature_metrics(reference, fake, precision_k=precision_k, coverage_k=coverage_k, seed=seed)
    spread = {f"vendi_{side}": _vendi(rows) for side, rows in (("real", real), ("fake", fake))}
    notes = [
        *_nulls(values),
        *_of_rows("real", real, min(precision_k, coverage_k)),
        *_of_rows("fake", fake, precision_k),
    ]
    counts = {"n_real": len(real), "n_fake": len(fake)}
    return {**{name: values.get(name) for name in PRINTED}, **spread, **counts, **({"notes": notes} if notes else {})}


def _vendi(rows: np.ndarray) -> float | None:
    return None if zero_rows(rows) else vendi(rows)


def _nulls(values: Mapping[str, float]) -> list[str]:
    """Notes on missing values: the deviation of the kernel distance."""
    return [] if "kid_std" in values else ["kid_std: null, as all rows make one subset, which has no deviation"]


def _of_rows(side: str, rows: np.ndarray, k: int) -> Iterator[str]:
    """Notes on degenerate rows: all zero, or duplicates of one another."""
    if zero := zero_rows(rows):
        yield f"vendi_{side}: null, as {zero} rows are all zero and have no cosine"
    copies = np.unique(rows, axis=0, return_counts=True)[1]
    if many := int(copies[copies > k].sum()):
        yield (
            f"{many} {side} rows have {k} copies or more: neighbourhoods of {k} neighbours are points there, in which "
            "precision and recall count copies, density and coverage nothing"
        )
