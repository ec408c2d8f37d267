"""How many images are in memory while their features are made, and until when features are kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from vigan import provenance
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


@pytest.mark.parametrize(("upgraded", "times"), [("timm", 2), ("torch", 2), ("snakemake", 1)])
def test_kept_features_are_made_again_after_an_upgrade_of_what_makes_them(
    upgraded: str, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = Sums()
    extractor.weights_sha256 = ""
    keep = partial(extraction.kept_features, extractor, Held(IMAGES[:9]), "digest", tmp_path, "", ("timm",))
    first = keep()
    version = provenance._version
    monkeypatch.setattr(provenance, "_version", lambda name: "another" if name == upgraded else version(name))
    np.testing.assert_array_equal(keep(), first)
    assert extractor.given == [9] * times
