from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from vigan.config.datasets import Dataset
from vigan.data.prepare import prepare
from vigan.data.store import Prepared, load
from vigan.evaluation import features
from vigan.features.base import Features, Pictures, check_images
from vigan.features.efflite import EffLite0

from .measured import DIGIT_SCANS, RING


def _prepared(dataset: Dataset, folder: Path) -> Prepared:
    prepare(dataset, folder)
    return load(folder)


@pytest.fixture(scope="session")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return _prepared(RING, tmp_path_factory.mktemp("ring"))


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return _prepared(DIGIT_SCANS, tmp_path_factory.mktemp("digits"))


class Remembering(EffLite0):
    """Pictures that it has seen are not computed again, so that tests of the same ones take the time of one."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, Features] = {}

    def __call__(self, images: Pictures) -> Features:
        check_images(images)
        digest = hashlib.sha256(repr([(image.shape, image.dtype) for image in images]).encode())
        for image in images:
            digest.update(np.ascontiguousarray(image))
        key = digest.hexdigest()
        if key not in self._seen:
            self._seen[key] = super().__call__(images)
        return self._seen[key].copy()


@pytest.fixture(scope="session")
def extractor() -> EffLite0:
    return Remembering()


@pytest.fixture
def once(extractor: EffLite0, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extractor is loaded once for all tests."""
    monkeypatch.setattr(features, "make_extractor", lambda name, device: extractor)
