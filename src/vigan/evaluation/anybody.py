"""Your own images measured against a reference of your choice, as the studies measure theirs and as other tools do."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from vigan import rng
from vigan.config.base import ConfigError, digest_of
from vigan.data.load_images import NOTHING, Files, Fitting, Gallery, open_gallery
from vigan.errors import say
from vigan.evaluation.cache import load, save
from vigan.evaluation.extraction import features_of
from vigan.evaluation.features import estimate
from vigan.evaluation.reference_file import UNKNOWN, Stated, accepted
from vigan.evaluation.request import Request
from vigan.evaluation.statistics import Made, Statistics, of_features, read_statistics
from vigan.evaluation.witness import Case, ask, beside, write_files
from vigan.features.base import Extractor
from vigan.features.extractors import make_extractor
from vigan.io.files import RecordError
from vigan.metrics.authenticity import authenticity
from vigan.metrics.bias import bias_of_equal, frechet_infinity
from vigan.metrics.frechet import Gaussian, fit, frechet_distance
from vigan.metrics.protocols import Reference, feature_metrics
from vigan.metrics.validate import MetricError
from vigan.protocols.registry import KINDS
from vigan.provenance import code_digest, measuring_versions

LAW = 4
"""How many times the features' number images must be for a Fréchet distance to follow its law."""
FEW = "{n} images of {width} features: below four times as many the law does not hold, and the value may be far off"
ONLY_STATISTICS = "the reference is a mean and a covariance: other metrics need features, and so does a floor"


class Fakes(NamedTuple):
    """The chosen images, their features, and how many there were to choose from."""

    gallery: Gallery
    features: np.ndarray
    found: int


class Reals(NamedTuple):
    """What the fakes are compared with, features of other real images, if there are enough, and how many were found."""

    statistics: Statistics
    others: np.ndarray | None
    gallery: Gallery | None = None
    found: int = 0


def measure_images(request: Request) -> dict[str, Any]:
    """Protocol, what was compared with what, values and floor; JSON's types.

    The floor are the values of real images: others of the reference where some are left, else a part of the reference
    against its rest; null, with the reason as `floor_note`, where there are too few. Raises RecordError, ConfigError or
    MetricError if there is no number.
    """
    kind = KINDS.get(request.extractor)
    if request.infinity and kind and kind.of_features:
        raise ConfigError(f"--infinity is about a Fréchet distance, and '{request.extractor}' gives none; leave it out")
    extractor = make_extractor(request.extractor, request.device)
    fakes = read_fakes(request, extractor)
    reals = read_reals(request, extractor, len(fakes.features))
    made, count = reals.statistics.made, reals.statistics.made.images or UNKNOWN
    try:
        known = _known(request.extractor, reals.statistics)
        values = compare(request.extractor, reals.statistics, fakes.features, known)
        floor, note = _floor(request.extractor, reals, len(fakes.features), known)
    except MetricError as error:
        raise MetricError(f"--images {request.images}, --reference {request.reference}: {error}") from None
    return {
        "protocol": f"{request.extractor}/n={len(fakes.features)}/{_called(request.reference, reals)}/reals={count}",
        "distance": KINDS[request.extractor].distance,
        "input": _input(request, extractor, made),
        "fakes": len(fakes.features),
        "reals": count,
        "values": _whole(values),
        "floor": floor and _whole(floor),
        **({"floor_note": note} if note else {}),
        **({"notes": notes} if (notes := _copies(request, fakes, reals)) else {}),
        **(_bias(request, reals.statistics.gaussian, fakes.features, values["frechet"]) if "frechet" in values else {}),
        **({"witnesses": _witnesses(request, fakes, reals, values)} if request.witnesses else {}),
    }


def read_fakes(request: Request, extractor: Extractor) -> Fakes:
    """The images to be measured. Raises RecordError if there are fewer than asked for."""
    gallery = open_gallery(request.images, request.fitting)
    found, n = len(gallery), request.samples or len(gallery)
    _enough(request.images, found, n, "samples")
    if n < found:
        gallery = gallery.take(np.sort(rng.generator(0, "metric", "fakes").permutation(found)[:n]))
    return Fakes(gallery, features_of(extractor, gallery, f"{request.images.name}"), found)


def read_reals(request: Request, extractor: Extractor, n: int) -> Reals:
    """The reference: a file of statistics or features, or images, whose features are kept in the cache.

    Raises RecordError if it has too few images, or was made with another extractor; ConfigError if it does not say with
    which and nobody else does, or if something is said of it that is not for such a reference, or not so.
    """
    found = read_statistics(request.reference)
    if found is not None:
        if request.reals != "all":
            raise ConfigError(f"{request.reference}: --reals chooses among images; leave it out")
        return Reals(accepted(Stated(request.reference, request.made_with, request.made_of), extractor, found), None)
    gallery = open_gallery(request.reference, request.fitting)
    if request.made_with or request.made_of:
        raise ConfigError(
            f"{request.reference}: --made-with and --made-of say what a file of statistics does not; leave them out"
        )
    total, count = len(gallery), _count(request.reals, len(gallery), n)
    _enough(request.reference, total, count, "reals")
    order = rng.generator(0, "metric", "reals").permutation(total)
    chosen = gallery if count == total else gallery.take(np.sort(order[:count]))
    features = kept_features(extractor, chosen, request.cache, request.reference.name)
    others = None
    if total >= count + n:
        rest = gallery.take(np.sort(order[count : count + n]))
        others = kept_features(extractor, rest, request.cache, "its floor")
    return Reals(of_features(features, made_with(extractor, request.fitting)), others, chosen, total)


def statistics_of(gallery: Gallery, extractor: Extractor, fitting: Fitting = NOTHING) -> Statistics:
    """Statistics of images that were fitted so first. Raises MetricError if there are fewer than two."""
    return of_features(features_of(extractor, gallery, "images"), made_with(extractor, fitting))


def made_with(extractor: Extractor, fitting: Fitting = NOTHING) -> Made:
    """What an extractor says of itself, after what was done to images before."""
    own = extractor.resizing.format(side=extractor.side)
    return Made(extractor.name, extractor.weights_sha256, None, "; ".join(filter(None, [fitting.words, own])))


def _known(extractor: str, real: Statistics) -> Reference | None:
    """What depends on the reals only, where every feature metric is measured: made once for the fakes and the floor."""
    return None if real.features is None or KINDS[extractor].of_features else Reference(real.features)


def compare(extractor: str, real: Statistics, fake: np.ndarray, known: Reference | None = None) -> dict[str, float]:
    """What the extractor's kind gives of fake features; of a mean and a covariance alone, the Frechet distance.

    `known` is the `Reference` of these reals, if it was made before.
    Raises MetricError on bad input, or if the kind needs features that are not there.
    """
    kind = KINDS[extractor]
    if kind.of_features:
        if real.features is None:
            raise MetricError(f"'{extractor}' compares features, and the reference has none")
        return estimate(kind, real.features, fake)
    if real.features is None:
        return {"frechet": frechet_distance(real.gaussian, fit(fake))}
    return {**feature_metrics(known or Reference(real.features), fake), **authenticity(real.features, fake)}


def _bias(request: Request, real: Gaussian, fake: np.ndarray, frechet: float) -> dict[str, Any]:
    """What of a Frechet distance may be bias: that of equal distributions, and the distance of infinitely many fakes.

    Nothing where the number of reals is not known.
    """
    told: dict[str, Any] = {}
    if real.n:
        spectrum = np.maximum(np.linalg.eigvalsh(real.covariance), 0)
        told["frechet_bias_of_equal"] = bias_of_equal(spectrum, real.n, len(fake))
    if request.infinity:
        found = frechet_infinity(real, fake, rng.generator(0, "metric", "infinity"))
        few = len(fake) < LAW * fake.shape[1]
        note = {"note": FEW.format(n=len(fake), width=fake.shape[1])} if few else {}
        told["frechet_infinity"] = {**found._asdict(), "excess": frechet - found.value, **note}
    return told


def kept_features(extractor: Extractor, gallery: Gallery, cache: Path, title: str) -> np.ndarray:
    """Features of images, from the cache if they were computed before."""
    key = {
        "images_sha256": gallery.fingerprint(),
        "extractor": extractor.name,
        "weights_sha256": extractor.weights_sha256,
        "code_sha256": code_digest([__name__, type(extractor).__module__]),
        **measuring_versions(),
    }
    path = cache / "features" / f"{digest_of(key)}.npz"
    if path.exists():
        return load(path, key, "delete it and run the same command again")["features"]
    features = features_of(extractor, gallery, title)
    try:
        save(path, key, {"features": features})
    except OSError as error:
        say(f"warning: {path.parent}: {error.strerror}; nothing is kept. VIGAN_CACHE names another folder", sys.stderr)
    return features


def _whole(values: Mapping[str, float]) -> dict[str, float | None]:
    """The values, with None where there is none of these features."""
    absent = ("kid_std", "vendi") if "kid_mean" in values else ()
    return {**values, **{name: values.get(name) for name in absent}}


def _copies(request: Request, fakes: Fakes, reals: Reals) -> list[str]:
    """Notes on duplicate images: precision and recall count them, coverage does not."""
    sets = [(request.images, fakes.gallery, fakes.features)]
    if reals.gallery is not None and reals.statistics.features is not None:
        sets.append((request.reference, reals.gallery, reals.statistics.features))
    counts = [(path, len(gallery), _distinct(gallery, features)) for path, gallery, features in sets]
    return [f"{path}: {n - kinds} of {n} images are copies of others" for path, n, kinds in counts if kinds < n]


def _distinct(gallery: Gallery, features: np.ndarray) -> int:
    """How many different images there are; they are looked at again only where features are as good as equal."""
    if len(np.unique(features.round(3), axis=0)) == len(features):
        return len(features)
    pictures = (np.ascontiguousarray(gallery[row : row + 1][0]) for row in range(len(gallery)))
    return len({hashlib.sha256(f"{picture.shape}".encode() + picture.tobytes()).digest() for picture in pictures})


def _called(reference: Path, reals: Reals) -> str:
    """A reference in protocols: the name of its folder or file, and what tells it from others of that name."""
    name = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in reference.resolve().name)
    digest = hashlib.sha256(np.ascontiguousarray(reals.statistics.gaussian.mean).data).hexdigest()
    return f"ref={name or 'root'}-{digest[:8]}"


def _witnesses(request: Request, fakes: Fakes, reals: Reals, values: Mapping[str, float]) -> list[dict[str, Any]]:
    """What other tools say of the same images, beside our numbers. Raises RecordError without images to show them.

    They are given the network as it is on a CPU, where they run: a traced one keeps its constants where it was traced.
    """
    if reals.gallery is None or reals.statistics.features is None:
        raise RecordError(f"{request.reference}: a witness needs images, and these are statistics or features")
    with tempfile.TemporaryDirectory() as name:
        images = _as_files(request.images, fakes.gallery, fakes.found, Path(name) / "images")
        reference = _as_files(request.reference, reals.gallery, reals.found, Path(name) / "reference")
        case = Case(images, reference, fakes.features, reals.statistics.features)
        on_cpu = make_extractor(request.extractor, "cpu")
        return [beside(values, one.tool, ask(one, on_cpu, case)) for one in request.witnesses]


def _as_files(path: Path, gallery: Gallery, found: int, folder: Path) -> Path:
    """The user's own files where all of them are measured as they are, else the images written to a folder."""
    untouched = isinstance(gallery, Files) and not any(gallery.fitting) and len(gallery) == found
    return path if untouched else write_files(gallery, folder)


def _floor(extractor: str, reals: Reals, n: int, known: Reference | None) -> tuple[Mapping[str, float] | None, str]:
    """Values of real images, or none and the reason."""
    features = reals.statistics.features
    if features is None:
        return None, ONLY_STATISTICS
    if reals.others is not None:
        return compare(extractor, reals.statistics, reals.others, known), ""
    if len(features) < 2 * n:
        return None, f"the reference has {len(features)} images; {n} of them against {n} others would take {2 * n}"
    held = np.sort(rng.generator(0, "metric", "floor").permutation(len(features))[:n])
    rest = of_features(np.delete(features, held, axis=0), reals.statistics.made)
    return compare(extractor, rest, features[held]), f"{n} of the reference against its other {len(features) - n}"


def _count(reals: int | Literal["all", "equal"], total: int, n: int) -> int:
    return reals if isinstance(reals, int) else {"all": total, "equal": n}[reals]


def _enough(path: Path, found: int, wanted: int, what: str) -> None:
    if found < wanted:
        raise RecordError(f"{path}: {found} images, {wanted} {what} were asked for; write --{what} {found} or fewer")


def _input(request: Request, extractor: Extractor, made: Made) -> str:
    own = str(made_with(extractor, request.fitting).resizing)
    return own if made.resizing in (None, own) else f"{own}; the reference's was: {made.resizing}"
