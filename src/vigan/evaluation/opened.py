"""The images and the reference that a request names: opened, counted and checked before the first is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from vigan import rng
from vigan.config.base import ConfigError
from vigan.data.load_images import Gallery, open_gallery
from vigan.evaluation.reference_file import Stated, accepted
from vigan.evaluation.request import Request
from vigan.evaluation.statistics import Statistics, read_statistics
from vigan.evaluation.witness import check_tool
from vigan.features.base import Extractor
from vigan.io.files import RecordError
from vigan.metrics.bias import POINTS
from vigan.protocols.registry import KINDS


class Chosen(NamedTuple):
    """The chosen images of a path, and how many there were to choose from."""

    path: Path
    gallery: Gallery
    found: int


class Opened(NamedTuple):
    """A reference: statistics of a file; or images, and others for a floor, at most as many as fakes, if any."""

    statistics: Statistics | None
    images: Chosen | None = None
    others: Gallery | None = None


def open_images(request: Request) -> Chosen:
    """The images to be measured. Raises RecordError if there are fewer than asked for."""
    gallery = open_gallery(request.images, request.fitting)
    found, n = len(gallery), request.samples or len(gallery)
    _enough(request.images, found, n, "samples")
    if n < found:
        gallery = gallery.take(np.sort(rng.generator(0, "metric", "fakes").permutation(found)[:n]))
    return Chosen(request.images, gallery, found)


def open_reference(request: Request, extractor: Extractor, n: int) -> Opened:
    """The reference of n fakes: a file of statistics or features, or images.

    Raises RecordError if it has too few images, or was made with another extractor; ConfigError if it does not say with
    which and nobody else does, or if something is said of it that is not for such a reference, or not so.
    """
    found = read_statistics(request.reference)
    if found is not None:
        if request.reals != "all":
            raise ConfigError(f"{request.reference}: --reals chooses among images; leave it out")
        return Opened(accepted(Stated(request.reference, request.made_with, request.made_of), extractor, found))
    gallery = open_gallery(request.reference, request.fitting)
    if request.made_with or request.made_of:
        raise ConfigError(
            f"{request.reference}: --made-with and --made-of say what a file of statistics does not; leave them out"
        )
    total, count = len(gallery), _count(request.reals, len(gallery), n)
    _enough(request.reference, total, count, "reals")
    order = rng.generator(0, "metric", "reals").permutation(total)
    chosen = gallery if count == total else gallery.take(np.sort(order[:count]))
    has_floor = total >= n + min(count, n)
    others = gallery.take(np.sort(order[count : count + n])) if has_floor and count < total else None
    return Opened(None, Chosen(request.reference, chosen, total), others)


def check_options(request: Request, images: Chosen, reference: Opened) -> None:
    """Raise ConfigError or RecordError for what is asked and cannot be had of these images and this reference."""
    n, kind = len(images.gallery), KINDS[request.extractor]
    if request.infinity and n < 2 * POINTS:
        raise ConfigError(f"{images.path}: --infinity needs at least {2 * POINTS} images, not {n}; leave it out")
    if kind.of_features and reference.statistics and reference.statistics.features is None:
        raise RecordError(
            f"{request.reference}: '{request.extractor}' compares features, and the reference has none; make it by "
            "`vigan statistics --features`"
        )
    if request.witnesses and reference.images is None:
        raise RecordError(f"{request.reference}: a witness needs images, and these are statistics or features")
    for witness in request.witnesses:
        check_tool(witness)


def _count(reals: int | Literal["all", "equal"], total: int, n: int) -> int:
    return reals if isinstance(reals, int) else {"all": total, "equal": n}[reals]


def _enough(path: Path, found: int, wanted: int, what: str) -> None:
    if found < wanted:
        raise RecordError(f"{path}: {found} images, {wanted} {what} were asked for; write --{what} {found} or fewer")
