"""Real examples are shown of free data only, and a page without them is a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vigan.config.datasets import CelebA, Digits, ImageFolder, Ring
from vigan.data.prepare import prepare
from vigan.stages.real_examples import real_examples


def test_they_are_the_first_of_the_prepared_data(tmp_path: Path) -> None:
    ring = Ring(source="ring", count=50)
    assert real_examples(ring, tmp_path, 10) is None
    prepare(ring, tmp_path)
    found = real_examples(ring, tmp_path, 10)
    assert found is not None
    assert np.array_equal(found, np.load(tmp_path / "array.npy")[:10])


def test_photographs_are_never_shown(tmp_path: Path) -> None:
    prepare(Digits(source="digits"), tmp_path)
    assert real_examples(Digits(source="digits"), tmp_path, 1) is not None
    assert real_examples(CelebA(source="celeba"), tmp_path, 1) is None
    assert real_examples(ImageFolder(source="folder", path="faces"), tmp_path, 1) is None
