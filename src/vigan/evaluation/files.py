"""Measure your own features or images in the same way as the studies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from vigan import rng
from vigan.config.base import digest_of
from vigan.data.load_images import load_images
from vigan.evaluation.cache import load, save
from vigan.evaluation.features import FeatureMetrics
from vigan.features.extractors import make_extractor
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


def measure_images(
    images: Path, reference: Path, *, extractor: str, samples: int | None, device: str, cache: Path
) -> dict[str, object]:
    """Protocol, metrics and floor of images against reference images, each loaded by `vigan.data.load_images`.

    `samples` of either are drawn with a fixed seed; by default as many as both have. The floor is a second, disjoint
    sample of the reference measured in the same way, None where the reference is too small for one. What depends on
    the reference only is cached in `cache`. Raises RecordError or MetricError if there is no number.
    """
    fakes, reals = load_images(images), load_images(reference)
    n = samples or min(len(fakes), len(reals))
    for path, array in ((images, fakes), (reference, reals)):
        if len(array) < n:
            raise RecordError(f"{path}: {len(array)} images, {n} samples were asked for")
    evaluator = FeatureMetrics(make_extractor(extractor, device))
    drawn = rng.generator(0, "metric", "reals").permutation(len(reals))
    measure = evaluator.measure(_cached_arrays(evaluator, reals[np.sort(drawn[:n])], cache))
    second = drawn[n : 2 * n]
    return {
        "protocol": f"{extractor}/n={n}/ref={reference.name}",
        "values": measure(fakes[np.sort(rng.generator(0, "metric", "fakes").permutation(len(fakes))[:n])]),
        "floor": measure(reals[np.sort(second)]) if len(second) == n else None,
    }


def _cached_arrays(evaluator: FeatureMetrics, reals: np.ndarray, cache: Path) -> dict[str, np.ndarray]:
    fingerprint = hashlib.sha256(np.ascontiguousarray(reals).data).hexdigest()
    key = {"data_sha256": fingerprint, "n": str(len(reals)), "shape": str(reals.shape), **evaluator.key()}
    path = cache / "references" / f"{digest_of(key)}.npz"
    if not path.exists():
        save(path, key, evaluator.reference_arrays(reals))
    return load(path, key)
