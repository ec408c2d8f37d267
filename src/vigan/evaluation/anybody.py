"""Your own images measured against a reference of your choice, as the studies measure theirs and as other tools do."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vigan import rng
from vigan.config.base import ConfigError
from vigan.data.load_images import NOTHING, Files, Fitting, Gallery
from vigan.evaluation.extraction import features_of, kept_features
from vigan.evaluation.features import estimate
from vigan.evaluation.opened import Chosen, Opened, check_options, open_images, open_reference
from vigan.evaluation.reference_file import UNKNOWN
from vigan.evaluation.request import Request
from vigan.evaluation.statistics import Made, Statistics, of_features
from vigan.evaluation.witness import Case, ask, beside, write_files
from vigan.features.base import Extractor
from vigan.features.extractors import make_extractor
from vigan.metrics.authenticity import authenticity
from vigan.metrics.bias import bias_of_equal, frechet_infinity
from vigan.metrics.frechet import Gaussian, fit, frechet_distance
from vigan.metrics.protocols import Reference, feature_metrics
from vigan.metrics.validate import MetricError
from vigan.protocols.registry import KINDS

LAW = 4
"""How many times the features' number images must be for a Fréchet distance to follow its law."""
FEW = "{n} images of {width} features: below four times as many the law does not hold, and the value may be far off"
ONLY_STATISTICS = "the reference is a mean and a covariance: other metrics need features, and so does a floor"


class Fakes(NamedTuple):
    """The chosen images, and their features."""

    images: Chosen
    features: np.ndarray


class Reals(NamedTuple):
    """What the fakes are compared with, features of other real images, if any; its images, and what tells it apart."""

    statistics: Statistics
    others: np.ndarray
    images: Chosen | None
    digest: str


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
    images = open_images(request)
    reference = open_reference(request, extractor, len(images.gallery))
    check_options(request, images, reference)
    try:
        reals = look_at(request, extractor, reference)
        known = _known(request.extractor, reals.statistics)
        fakes = Fakes(images, features_of(extractor, images.gallery, f"{request.images.name}"))
        values = compare(request.extractor, reals.statistics, fakes.features, known)
        floor, note = _floor(request.extractor, reals, len(fakes.features), known)
    except MetricError as error:
        raise MetricError(f"--images {request.images}, --reference {request.reference}: {error}") from None
    made, count = reals.statistics.made, reals.statistics.made.images or UNKNOWN
    called = _called(request.reference, reals.digest)
    return {
        "protocol": f"{request.extractor}/n={len(fakes.features)}/{called}/reals={count}",
        "distance": KINDS[request.extractor].distance,
        "input": _input(request, extractor, made),
        "fakes": len(fakes.features),
        "reals": count,
        "values": _whole(values),
        "floor": floor and _whole(floor),
        **({"floor_note": note} if note else {}),
        **({"notes": notes} if (notes := [*_left_out(images, reals.images), *_copies(fakes, reals)]) else {}),
        **(_bias(request, reals.statistics.gaussian, fakes.features, values["frechet"]) if "frechet" in values else {}),
        **({"witnesses": _witnesses(request, fakes, reals, values)} if request.witnesses else {}),
    }


def look_at(request: Request, extractor: Extractor, reference: Opened) -> Reals:
    """The reference with the features of its images, which are kept in the cache."""
    if reference.images is None:
        assert reference.statistics is not None
        mean = reference.statistics.gaussian.mean
        digest = hashlib.sha256(np.ascontiguousarray(mean).data).hexdigest()
        return Reals(reference.statistics, np.empty((0, mean.size)), None, digest)
    gallery, cache = reference.images.gallery, request.cache
    digest = gallery.fingerprint()
    libraries = KINDS[request.extractor].libraries
    features = kept_features(extractor, gallery, digest, cache, request.reference.name, libraries)
    others, more = features[:0], reference.others
    if more is not None:
        others = kept_features(extractor, more, more.fingerprint(), cache, "its floor", libraries)
    made = made_with(extractor, request.fitting)
    return Reals(of_features(features, made), others, reference.images, digest)


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


def _whole(values: Mapping[str, float]) -> dict[str, float | None]:
    """The values, with None where there is none of these features."""
    absent = ("kid_std", "vendi") if "kid_mean" in values else ()
    return {**values, **{name: values.get(name) for name in absent}}


def _left_out(images: Chosen, reference: Chosen | None) -> list[str]:
    """Notes on files among the images that are none."""
    told = [f"{one.path}: {one.gallery.left_out}" for one in (images, reference) if one and one.gallery.left_out]
    return list(dict.fromkeys(told))


def _copies(fakes: Fakes, reals: Reals) -> list[str]:
    """Notes on duplicate images: precision and recall count them, coverage does not."""
    sets = [(fakes.images, fakes.features)]
    if reals.images is not None and reals.statistics.features is not None:
        sets.append((reals.images, reals.statistics.features))
    counts = [(one.path, len(features), _distinct(one.gallery, features)) for one, features in sets]
    return [f"{path}: {n - kinds} of {n} images are copies of others" for path, n, kinds in counts if kinds < n]


def _distinct(gallery: Gallery, features: np.ndarray) -> int:
    """How many different images there are; they are looked at again only where features are as good as equal."""
    if len(np.unique(features.round(3), axis=0)) == len(features):
        return len(features)
    pictures = (np.ascontiguousarray(gallery[row : row + 1][0]) for row in range(len(gallery)))
    return len({hashlib.sha256(f"{picture.shape}".encode() + picture.tobytes()).digest() for picture in pictures})


def _called(reference: Path, digest: str) -> str:
    """A reference in protocols: the name of its folder or file, and what tells it from others of that name."""
    name = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in reference.resolve().name)
    return f"ref={name or 'root'}-{digest[:8]}"


def _witnesses(request: Request, fakes: Fakes, reals: Reals, values: Mapping[str, float]) -> list[dict[str, Any]]:
    """What other tools say of the same images, beside our numbers.

    They are given the network as it is on a CPU, where they run: a traced one keeps its constants where it was traced.
    """
    assert reals.images is not None
    assert reals.statistics.features is not None
    with tempfile.TemporaryDirectory() as name:
        images = _as_files(fakes.images, Path(name) / "images")
        reference = _as_files(reals.images, Path(name) / "reference")
        case = Case(images, reference, fakes.features, reals.statistics.features)
        on_cpu = make_extractor(request.extractor, "cpu")
        return [beside(values, one.tool, ask(one, on_cpu, case)) for one in request.witnesses]


def _as_files(images: Chosen, folder: Path) -> Path:
    """The user's own files where all of them are measured as they are, else the images written to a folder."""
    gallery = images.gallery
    untouched = isinstance(gallery, Files) and not any(gallery.fitting) and len(gallery) == images.found
    return images.path if untouched else write_files(gallery, folder)


def _floor(extractor: str, reals: Reals, n: int, known: Reference | None) -> tuple[Mapping[str, float] | None, str]:
    """Values of real images, or none and the reason; as few of the reference as others are lacking are among them."""
    features, others = reals.statistics.features, len(reals.others)
    if features is None:
        return None, ONLY_STATISTICS
    if others == n:
        return compare(extractor, reals.statistics, reals.others, known), ""
    held, total = n - others, reals.images.found if reals.images else len(features)
    if len(features) < n + held:
        return None, f"the reference has {total} images; {n} of them against {n} others would take {2 * n}"
    rows = np.sort(rng.generator(0, "metric", "floor").permutation(len(features))[:held])
    more = f" and {others} beside it" if others else ""
    note = f"{held} of the reference{more} against its other {len(features) - held}"
    try:
        rest = of_features(np.delete(features, rows, axis=0), reals.statistics.made)
        return compare(extractor, rest, np.concatenate([features[rows], reals.others])), note
    except MetricError as error:
        return None, f"{note}: {error}"


def _input(request: Request, extractor: Extractor, made: Made) -> str:
    own = str(made_with(extractor, request.fitting).resizing)
    return own if made.resizing in (None, own) else f"{own}; the reference's was: {made.resizing}"
