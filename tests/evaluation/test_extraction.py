"""How many images are in memory while their features are made."""

from __future__ import annotations

import numpy as np
import pytest

from vigan.data.load_images import Held
from vigan.evaluation import extraction
from vigan.features.base import Extractor, Pictures

IMAGES = np.arange(150 * 3 * 4 * 4).astype(np.uint8).reshape(150, 3, 4, 4)


class Sums(Extractor):
    """The sum of each image, and how many images it was given at a time."""

    name, dimension, side = "sums", 1, 4

    def __init__(self) -> None:
        super().__init__()
        self.given: list[int] = []

    def __call__(self, images: Pictures) -> np.ndarray:
        self.given.append(len(images))
        return np.array([image.sum() for image in images], np.float32)[:, None]

    def network(self, batch: object) -> object:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("most", "given"),
    [(2**28, [64, 64, 22]), (70 * 48, [64, 64, 22]), (50 * 48, [50, 50, 50]), (100, [3] * 50), (1, [1] * 150)],
)
def test_large_images_are_read_in_smaller_parts_and_small_ones_as_ever(
    most: int, given: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "BYTES", most)
    extractor = Sums()
    found = extraction.features_of(extractor, Held(IMAGES), "")
    assert extractor.given == given
    np.testing.assert_array_equal(found[:, 0], IMAGES.sum((1, 2, 3)).astype(np.float32))
