from __future__ import annotations

from pathlib import Path

import pytest

from vigan.config.datasets import Dataset
from vigan.data.prepare import prepare
from vigan.data.store import Prepared, load
from vigan.evaluation import features
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


@pytest.fixture(scope="session")
def extractor() -> EffLite0:
    return EffLite0()


@pytest.fixture
def once(extractor: EffLite0, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extractor is loaded once for all tests."""
    monkeypatch.setattr(features, "make_extractor", lambda name, device: extractor)
