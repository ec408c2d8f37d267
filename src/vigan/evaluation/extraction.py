"""Features of a gallery, with a progress bar, or kept; the next images are read while the network works on these."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vigan.config.base import digest_of
from vigan.data.load_images import Gallery
from vigan.errors import say
from vigan.evaluation.cache import load, save
from vigan.features.base import Extractor, Features, Images, Pictures
from vigan.provenance import code_digest, measuring_versions

PART, BYTES = 64, 2**28
"""Images read at a time, or fewer if these have so many bytes; twice as many are in memory."""


def features_of(extractor: Extractor, gallery: Gallery, title: str) -> Features:
    """Features (n, d) of all images. The bar is drawn where standard error is a terminal.

    Raises DataError naming an image that cannot be read, ImageError for what is no image.
    """
    with tqdm(total=len(gallery), desc=title, unit=" images", disable=None) as bar:
        found = []
        for part in _read_ahead(gallery):
            found.append(extractor(part))
            bar.update(len(part))
    return np.concatenate(found)


def kept_features(
    extractor: Extractor, gallery: Gallery, digest: str, cache: Path, title: str, libraries: Sequence[str] = ()
) -> Features:
    """Features of images of that fingerprint, from the cache if they were computed before.

    They are computed again after an upgrade of a library that all measuring rests on, or of `libraries`.

    A cache that cannot be looked into, or written, keeps nothing; of the latter a warning tells.
    """
    key = {
        "images_sha256": digest,
        "extractor": extractor.name,
        "weights_sha256": extractor.weights_sha256,
        "code_sha256": code_digest([__name__, type(extractor).__module__]),
        **measuring_versions(libraries),
    }
    path = cache / "features" / f"{digest_of(key)}.npz"
    if _is_readable(path):
        return load(path, key, "delete it and run the same command again")["features"]
    features = features_of(extractor, gallery, title)
    try:
        save(path, key, {"features": features})
    except OSError as error:
        say(f"warning: {path.parent}: {error.strerror}; nothing is kept. VIGAN_CACHE names another folder", sys.stderr)
    return features


def _is_readable(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False


def _read_ahead(gallery: Gallery) -> Iterator[Pictures]:
    with ThreadPoolExecutor(1) as reader:
        coming, end = reader.submit(_part, gallery, 0), 0
        while end < len(gallery):
            part = coming.result()
            end += len(part)
            if end < len(gallery):
                coming = reader.submit(_part, gallery, end)
            yield part


def _part(gallery: Gallery, start: int) -> Pictures:
    """The images from `start` on, as many as are read at a time."""
    found: list[Images] = []
    for row in range(start, min(start + PART, len(gallery))):
        found.extend(gallery[row : row + 1])
        if sum(picture.nbytes for picture in found) >= BYTES:
            break
    return found
