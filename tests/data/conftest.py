"""Pictures and archives to prepare, drawn on the spot."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def picture(seed: int, width: int, height: int) -> np.ndarray:
    """Smooth coloured uint8 (height, width, 3), different for each seed."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin((x * (c + 1) + y * (seed % 5 + 1)) / 17 + seed) for c in range(3)]
    return (127.5 + 100 * np.stack(waves, axis=2)).astype(np.uint8)


def encoded(pixels: np.ndarray, kind: str = "JPEG") -> bytes:
    """Bytes of an image file holding `pixels`."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


@pytest.fixture
def jpeg() -> Callable[..., bytes]:
    """Makes the bytes of a JPEG from (seed, width, height), by default of the official CelebA size."""
    return lambda seed=0, width=178, height=218: encoded(picture(seed, width, height))


@pytest.fixture
def png() -> Callable[[np.ndarray], bytes]:
    """Bytes of a PNG holding the given pixels exactly."""
    return lambda pixels: encoded(pixels, "PNG")


@pytest.fixture
def archive(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """Path of a zip with the given members."""

    def build(members: Mapping[str, bytes]) -> Path:
        path = tmp_path / "img_align_celeba.zip"
        with zipfile.ZipFile(path, "w") as stream:
            for name, data in members.items():
                stream.writestr(name, data)
        return path

    return build


@pytest.fixture
def test_data() -> Path:
    """The folder of test data; skips where there is none."""
    named = os.environ.get("VIGAN_TEST_DATA")
    if not named:
        pytest.skip("VIGAN_TEST_DATA is not set: no real faces and no released preprocessing to compare with")
    return Path(named)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No CelebA named by the environment."""
    monkeypatch.delenv("VIGAN_CELEBA", raising=False)
    monkeypatch.delenv("VIGAN_TEST_DATA", raising=False)
