"""Measure your own features as the studies measure theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vigan.io.files import RecordError
from vigan.metrics.protocols import COVERAGE_K, PRECISION_K, Reference, feature_metrics
from vigan.metrics.validate import MetricError
from vigan.metrics.vendi import vendi

PRINTED = ("frechet", "kid_mean", "kid_std", "precision", "recall", "density", "coverage")


def measure_features(real: Path, fake: Path, *, k: int | None = None, seed: int = 0) -> dict[str, float | int]:
    """Metrics of two `.npy` files of features (n, d) and (m, d).

    Keys: `PRINTED`, `vendi_real`, `vendi_fake`, `n_real`, `n_fake`. `k` replaces both k = 3 of precision and recall
    and k = 5 of density and coverage. Raises RecordError if a file is missing or no array, MetricError naming both
    files if the metrics have no value for them.
    """
    reals, fakes = _read(real), _read(fake)
    precision_k, coverage_k = (PRECISION_K, COVERAGE_K) if k is None else (k, k)
    try:
        reference = Reference(reals, max(precision_k, coverage_k))
        values = feature_metrics(reference, fakes, precision_k=precision_k, coverage_k=coverage_k, seed=seed)
        spread = {"vendi_real": vendi(reals), "vendi_fake": values["vendi"]}
    except MetricError as error:
        raise MetricError(f"--real {real}, --fake {fake}: {error}") from None
    return {**{name: values[name] for name in PRINTED}, **spread, "n_real": len(reals), "n_fake": len(fakes)}


def _read(path: Path) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise RecordError(f"{path}: not there; name a .npy file of features (n, d)") from None
    except (OSError, ValueError, EOFError) as error:
        raise RecordError(
            f"{path}: cannot be read as an array ({error}); name a .npy file of features (n, d)"
        ) from None
    if not isinstance(array, np.ndarray):
        raise RecordError(f"{path}: several arrays in one file; name a .npy file of features (n, d)")
    return array
