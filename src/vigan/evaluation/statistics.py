"""Statistics and features of images in files: those of clean-fid, pytorch-fid and torch-fidelity, and our own.

A mean `mu` (d,) and a covariance `sigma` (d, d; ddof 1) in an `.npz` is what clean-fid and pytorch-fid read and write;
the same two in a dictionary in a `.pt` is torch-fidelity's. Features (n, d) are `features` (ours) or `feats`
(clean-fid's, for its kernel distance) in an `.npz`, a `.npy`, or torch-fidelity's tensor in a `.pt`. Ours say what they
were made with.
"""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vigan.data.load_images import BATCH
from vigan.data.source import DataError
from vigan.io.arrays import DAMAGE, read_array, read_npz
from vigan.io.files import RecordError, atomic_write
from vigan.metrics.frechet import Gaussian, fit
from vigan.metrics.validate import MetricError
from vigan.protocols.registry import KINDS

if TYPE_CHECKING:
    from torch import Tensor

MADE = "made"
KNOWN = frozenset({"mu", "sigma", "features", "feats"})
WAYS = "name a file of statistics or features, or images"
FEWEST = 2
"""Images of which there is a covariance."""
SLACK = 1e-6
"""Relative asymmetry that single precision may leave in a covariance."""


class Made(NamedTuple):
    """What statistics were made with: extractor, digest of its weights, images, resizing; None where nobody says."""

    extractor: str | None = None
    weights_sha256: str | None = None
    images: int | None = None
    resizing: str | None = None


class Statistics(NamedTuple):
    """A Gaussian, the features it is of where they are known, and what they were made with."""

    gaussian: Gaussian
    features: np.ndarray | None
    made: Made


def of_features(features: np.ndarray, made: Made) -> Statistics:
    """Statistics of features (n, d)."""
    return Statistics(fit(features), features, made._replace(images=len(features)))


def write_statistics(path: Path, found: Statistics, *, with_features: bool) -> None:
    """Write `.npz` (clean-fid's and pytorch-fid's), or `.pt` (torch-fidelity's, which does not say how it was made).

    torch-fidelity asks for a mean of its features' type, float32. Raises RecordError as `check_place`.
    """
    check_place(path, with_features=with_features)
    mean, covariance = found.gaussian.mean, found.gaussian.covariance
    if path.suffix == ".npz":
        arrays: dict[str, Any] = {"mu": mean, "sigma": covariance, MADE: np.array(json.dumps(found.made._asdict()))}
        if with_features and found.features is not None:
            arrays["features"] = found.features
        with atomic_write(path) as stream:
            np.savez(stream, allow_pickle=False, **arrays)
    else:
        import torch

        with atomic_write(path) as stream:
            torch.save({"mu": mean.astype(np.float32), "sigma": covariance}, stream)


def check_place(path: Path, *, with_features: bool) -> None:
    """Raise RecordError unless statistics can be written there, and in that format: before any is computed."""
    if path.suffix not in {".npz", ".pt"}:
        raise RecordError(f"{path}: statistics are written as .npz (clean-fid, pytorch-fid) or .pt (torch-fidelity)")
    if with_features and path.suffix != ".npz":
        raise RecordError(f"{path}: torch-fidelity's file holds no features: name an .npz, or leave out --features")
    if path.is_dir():
        raise RecordError(f"{path}: a folder is there; name another file")
    if path.is_file() and path.stat().st_size and not _is_replaceable(path):
        raise RecordError(f"{path}: there already, and no statistics alone; remove it, or name another file")


def _is_replaceable(path: Path) -> bool:
    """Whether a file holds statistics and nothing else: ADM's reference batches hold images, too."""
    names = _names_in(path)
    return {"mu", "sigma"} <= names <= {"mu", "sigma", "features", MADE}


def _names_in(path: Path) -> set[str]:
    """Names of the arrays in an `.npz` or `.pt`; none where it is of another kind."""
    try:
        if path.suffix == ".pt":
            return set(_of_torch(path))
        with zipfile.ZipFile(path) as archive:
            return {Path(name).stem for name in archive.namelist()}
    except (zipfile.BadZipFile, DataError):
        return set()


def check_use(extractor: str, *, with_features: bool) -> None:
    """Raise RecordError if what is measured with an extractor needs features, and there would be none."""
    kind = KINDS.get(extractor)
    if kind and kind.of_features and not with_features:
        raise RecordError(f"'{extractor}' compares features, and takes no mean and covariance: add --features")


def read_statistics(path: Path) -> Statistics | None:
    """Statistics in a file; None if it is of a kind that holds images.

    Raises RecordError naming the file if it is damaged, a pickle, or holds none, and MetricError if a mean and a
    covariance cannot be those of any features.
    """
    suffix = path.suffix.lower()
    if suffix in {".pkl", ".pickle"}:
        raise RecordError(f"{path}: a pickle may run any program when it is read; save its arrays as .npz")
    if suffix == ".npz" and path.is_file():
        arrays = read_npz(path, remedy=WAYS)
    elif suffix == ".pt" and path.is_file():
        arrays = _of_torch(path)
    elif suffix == ".npy" and path.is_file() and read_array(path, remedy=WAYS).ndim == 2:
        arrays = {"features": np.array(read_array(path, remedy=WAYS))}
    else:
        return None
    return _checked(path, arrays) if KNOWN & arrays.keys() and BATCH not in arrays else None


def _checked(path: Path, arrays: dict[str, np.ndarray]) -> Statistics:
    made = _made(path, arrays)
    features = arrays.get("features", arrays.get("feats"))
    try:
        if features is not None:
            return of_features(features, made)
        if not {"mu", "sigma"} <= set(arrays):
            raise MetricError("'mu' without 'sigma', or the reverse")
        return Statistics(_gaussian(arrays["mu"], arrays["sigma"], made.images), None, made)
    except MetricError as error:
        raise MetricError(f"{path}: {error}") from None


def _made(path: Path, arrays: dict[str, np.ndarray]) -> Made:
    if MADE not in arrays:
        return Made()
    try:
        made = Made(**json.loads(str(arrays[MADE])))
    except (ValueError, TypeError, RecursionError):
        made = None
    if made is None or not _is_told(made):
        raise RecordError(f"{path}: '{MADE}' is not what `vigan statistics` writes; make the file again")
    return made


def _is_told(made: Made) -> bool:
    """Whether each field is of its type, or None."""
    words = (made.extractor, made.weights_sha256, made.resizing)
    counted = made.images is None or (type(made.images) is int and made.images >= FEWEST)
    return counted and all(word is None or isinstance(word, str) for word in words)


def _gaussian(mean: np.ndarray, covariance: np.ndarray, images: int | None) -> Gaussian:
    for name, array in (("mu", mean), ("sigma", covariance)):
        if array.dtype.kind != "f":
            raise MetricError(f"'{name}' holds {array.dtype}, not real numbers")
    if not mean.size:
        raise MetricError("'mu' is empty")
    found = Gaussian(mean.astype(np.float64), covariance.astype(np.float64), images or 0)
    largest = np.abs(found.covariance).max(initial=0.0)
    if np.abs(found.covariance - found.covariance.T).max(initial=0.0) > SLACK * largest:
        raise MetricError("'sigma' is not symmetric: no covariance")
    if np.linalg.eigvalsh(found.covariance)[0] < -SLACK * len(mean) * largest:
        raise MetricError("'sigma' has negative eigenvalues: no covariance")
    return found


def _of_torch(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a `.pt`, read without running anything but the making of arrays."""
    import torch
    from numpy._core import multiarray

    kinds = [type(np.dtype(name)) for name in ("float32", "float64")]
    try:
        with torch.serialization.safe_globals([multiarray._reconstruct, np.ndarray, np.dtype, *kinds]):
            found = torch.load(path, map_location="cpu", weights_only=True)
        if isinstance(found, torch.Tensor):
            found = _as_array(found)
    except (*DAMAGE, pickle.UnpicklingError, LookupError, OSError) as error:
        reason = f"{error}".strip().splitlines()[0] if f"{error}".strip() else type(error).__name__
        raise DataError(f"{path}: cannot be read as torch-fidelity's arrays ({reason})") from None
    if isinstance(found, np.ndarray) and found.ndim == 2:
        return {"features": found}
    if isinstance(found, dict) and all(isinstance(value, np.ndarray) for value in found.values()):
        return found
    raise DataError(f"{path}: neither torch-fidelity's statistics nor its features")


def _as_array(tensor: Tensor) -> np.ndarray:
    """Its numbers, also of a tensor with gradients, a sparse one, or one of a type that numpy lacks (bfloat16)."""
    dense = tensor.detach().to_dense()
    narrow = dense.is_floating_point() and dense.element_size() < np.dtype(np.float32).itemsize
    return (dense.float() if narrow else dense).numpy()
