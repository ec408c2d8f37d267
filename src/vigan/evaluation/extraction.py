"""Features of a gallery, with a progress bar; the next images are read while the network works on these."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from tqdm import tqdm

from vigan.data.load_images import Gallery
from vigan.features.base import Extractor, Features, Pictures

PART = 64
"""Images read at a time; twice as many are in memory."""


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


def _read_ahead(gallery: Gallery) -> Iterator[Pictures]:
    slices = [slice(start, start + PART) for start in range(0, len(gallery), PART)]
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(gallery.__getitem__, slices[0])
        for following in [*slices[1:], None]:
            part = coming.result()
            if following:
                coming = reader.submit(gallery.__getitem__, following)
            yield part
