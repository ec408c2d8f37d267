"""Measure your own features or images in the same way as the studies."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vigan import rng
from vigan.config.base import digest_of
from vigan.data.load_images import load_images
from vigan.errors import say
from vigan.evaluation.cache import load, save
from vigan.evaluation.features import FeatureMetrics
from vigan.features.extractors import make_extractor
from vigan.io.arrays import read_array
from vigan.io.files import RecordError
from vigan.metrics.protocols import COVERAGE_K, PRECISION_K, Reference, feature_metrics
from vigan.metrics.validate import MetricError
from vigan.metrics.vendi import vendi, zero_rows
from vigan.provenance import code_digest, measuring_versions

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
    notes = [*_nulls(values), *_of_rows("real", reals, coverage_k), *_of_rows("fake", fakes, precision_k)]
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
            f"{many} {side} rows have {k} copies or more: their neighbourhoods are points, in which precision and "
            "recall count copies, density and coverage nothing"
        )


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
    notes = [note for path, array in ((images, fakes), (reference, reals)) for note in _copies(path, array)]
    return {
        "protocol": f"{extractor}/n={n}/ref={_called(reference, reals)}",
        "values": _whole(measure(fakes[np.sort(rng.generator(0, "metric", "fakes").permutation(len(fakes))[:n])])),
        "floor": _whole(measure(reals[np.sort(second)])) if len(second) == n else None,
        **({"notes": notes} if notes else {}),
    }


def _whole(values: Mapping[str, float]) -> dict[str, float | None]:
    """The values, with None where there is none of so many images."""
    return {**values, **{name: values.get(name) for name in ("kid_std", "vendi")}}


def _copies(path: Path, images: np.ndarray) -> Iterator[str]:
    """What is told of images that are copies of one another: precision and recall count them, coverage does not."""
    distinct = len({hashlib.sha256(np.ascontiguousarray(image).data).digest() for image in images})
    if distinct < len(images):
        yield f"{path}: {len(images) - distinct} of {len(images)} images are copies of others"


def _cached_arrays(evaluator: FeatureMetrics, reals: np.ndarray, cache: Path) -> dict[str, np.ndarray]:
    own = {"data_sha256": _fingerprint(reals), "n": str(len(reals)), "shape": str(reals.shape)}
    code = code_digest([__name__, type(evaluator.extractor).__module__])
    key = {**own, **evaluator.key(), **measuring_versions(), "code_sha256": code}
    path = cache / "references" / f"{digest_of(key)}.npz"
    if path.exists():
        return load(path, key)
    arrays = evaluator.reference_arrays(reals)
    try:
        save(path, key, arrays)
    except OSError as error:
        say(f"warning: {path.parent}: {error.strerror}; nothing is kept. VIGAN_CACHE names another folder", sys.stderr)
    return arrays


def _called(reference: Path, reals: np.ndarray) -> str:
    """Name of a reference in protocols: that of its folder or file, and what tells it from others of that name."""
    name = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in reference.resolve().name)
    return f"{name or 'root'}-{_fingerprint(reals)[:8]}"


def _fingerprint(reals: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(reals).data).hexdigest()
