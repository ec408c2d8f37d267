from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vigan.data.resize import centre_crop, released_bicubic, to_uint8

CROP_ROWS, CROP_COLUMNS = slice(55, 163), slice(35, 143)


def keys(distance: float, a: float = -0.75) -> float:
    x = abs(distance)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def sampled(line: np.ndarray, side: int) -> list[float]:
    """TensorFlow 1's bicubic in one dimension, one sample at a time."""
    size, result = len(line), []
    for i in range(side):
        position = i * size / side
        first = int(position)
        taps = range(first - 1, first + 3)
        result.append(sum(keys(position - tap) * line[min(max(tap, 0), size - 1)] for tap in taps))
    return result


def test_the_released_preprocessing_is_reproduced_before_quantisation(test_data: Path) -> None:
    golden = np.load(test_data / "golden" / "preprocess" / "released-crop108-bicubic64.npz")
    crop = golden["images"][:, CROP_ROWS, CROP_COLUMNS]
    assert np.abs(released_bicubic(crop, 64) / 127.5 - 1 - golden["prepared"]).max() < 1e-6


@pytest.mark.parametrize(("size", "side"), [(108, 64), (54, 64), (7, 4), (1, 4), (3, 8)])
def test_rows_and_columns_each_follow_the_one_dimensional_rule(size: int, side: int) -> None:
    line = np.random.default_rng(0).integers(0, 256, size)
    expected = sampled(line, side)
    across = np.broadcast_to(line[None, :, None], (5, size, 1))
    down = np.broadcast_to(line[:, None, None], (size, 5, 1))
    np.testing.assert_allclose(released_bicubic(across, side)[0, :, 0], expected, atol=1e-11)
    np.testing.assert_allclose(released_bicubic(down, side)[:, 0, 0], expected, atol=1e-11)


def test_values_overshoot_and_are_clipped_and_rounded_only_when_stored() -> None:
    edge = np.zeros((8, 8, 1))
    edge[:, 4:] = 255
    values = released_bicubic(edge, 16)
    assert values.min() < -1
    assert values.max() > 256
    np.testing.assert_array_equal(to_uint8(np.array([-9, 0.4, 0.6, 254.6, 300])), [0, 0, 1, 255, 255])


@given(st.integers(1, 40), st.sampled_from([32, 64]), st.floats(0, 255))
def test_a_flat_picture_stays_flat(size: int, side: int, level: float) -> None:
    np.testing.assert_allclose(released_bicubic(np.full((size, size, 1), level), side), level, atol=1e-9)


def test_many_images_are_resized_as_each_alone_and_channels_do_not_mix() -> None:
    images = np.random.default_rng(1).integers(0, 256, (3, 9, 12, 2))
    together = released_bicubic(images, 8)
    assert together.shape == (3, 8, 8, 2)
    np.testing.assert_allclose(together[1][..., 1], released_bicubic(images[1][..., 1:], 8)[..., 0], atol=1e-12)


@pytest.mark.parametrize(
    ("size", "crop", "rows", "columns"),
    [((178, 218), 108, CROP_ROWS, CROP_COLUMNS), ((89, 109), 54, slice(27, 81), slice(17, 71))],
)
def test_the_crop_is_the_released_one(size: tuple[int, int], crop: int, rows: slice, columns: slice) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    found = np.asarray(centre_crop(Image.fromarray(pixels), crop, crop))
    np.testing.assert_array_equal(found, pixels[rows, columns])
