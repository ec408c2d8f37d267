"""Small pictures show what the samples are, in few bytes."""

from __future__ import annotations

import io
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from vigan.config.datasets import Side
from vigan.figures.frames import CLOUD_SIDE, DOT, RING, encode, picture
from vigan.stages.evaluate import SHOWN as KEPT


def _decoded(packed: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(packed)))


@pytest.mark.parametrize(("channels", "side"), [(1, 32), (3, 32), (3, 64), (3, 128), (1, 256)])
def test_64_images_stand_in_a_square_grid_at_native_pixels_or_reduced_to_64(channels: int, side: int) -> None:
    images = np.arange(64, dtype=np.uint8)[:, None, None, None] * np.ones((1, channels, side, side), np.uint8)
    shown, edge = np.asarray(picture(images)), min(side, 64)
    assert shown.shape == (8 * (edge + 1) - 1, 8 * (edge + 1) - 1, 3)
    assert shown[-1, -1].tolist() == [63] * 3


def test_a_reduced_image_holds_the_means_of_its_blocks() -> None:
    image = np.zeros((64, 1, 128, 128), np.uint8)
    image[0, 0, 2:4, 4] = 100
    shown = np.asarray(picture(image))[..., 0]
    assert shown[1, 2] == 50
    assert shown[:64, :64].sum() == 50


@pytest.mark.parametrize("side", get_args(Side))
def test_images_of_every_side_that_a_data_set_may_have_have_a_picture(side: int) -> None:
    shown = picture(np.zeros((KEPT[3], 3, side, side), np.uint8))
    assert min(shown.size) >= side


def test_a_point_is_drawn_where_it_lies() -> None:
    shown = np.asarray(picture(np.array([[1.4, 0.0]]), np.array([[0.0, 2.0]])))
    assert shown.shape == (CLOUD_SIDE, CLOUD_SIDE, 4)
    rows, columns = np.nonzero((shown[..., :3] == DOT).all(axis=2))
    assert rows.mean() == pytest.approx(CLOUD_SIDE / 2, abs=1)
    assert columns.mean() == pytest.approx(CLOUD_SIDE * 0.75, abs=1)  # 1.4 of a reach of 2.8
    ring_rows, _ = np.nonzero((shown[..., :3] == RING).all(axis=2) & (shown[..., 3] > 0))
    assert ring_rows.mean() == pytest.approx(CLOUD_SIDE * (2.8 - 2.0) / 5.6, abs=1)


def test_where_nothing_is_the_page_shows_through() -> None:
    shown = np.asarray(picture(np.zeros((1, 2))))
    assert (shown[..., 3] == 0).mean() > 0.99


def test_many_points_in_one_place_are_darker_than_one() -> None:
    one, many = (np.asarray(picture(np.zeros((count, 2))))[..., 3].max() for count in (1, 20))
    assert 0 < one < many == 255


def test_points_outside_the_frame_or_far_away_are_left_out_without_an_error() -> None:
    outside = np.array([[100.0, 0.0], [0.0, -1e30], [3.05, 0.0]])
    assert np.asarray(picture(outside))[..., 3].max() == 0


def test_clouds_lose_nothing() -> None:
    shown = picture(np.random.default_rng(0).normal(size=(500, 2)))
    np.testing.assert_array_equal(_decoded(encode(shown, most=10)), np.asarray(shown))


def test_a_grid_of_images_is_as_good_as_its_bytes_allow() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 3, 32, 32)).astype(np.uint8)
    shown = picture(noise)
    small, large = encode(shown, most=30_000), encode(shown, most=10**9)
    assert len(small) <= 30_000 < len(large)
    errors = [np.abs(_decoded(packed).astype(int) - np.asarray(shown)).mean() for packed in (small, large)]
    assert errors[0] > errors[1]


def test_the_same_samples_are_the_same_bytes() -> None:
    points = np.random.default_rng(0).normal(size=(100, 2))
    assert encode(picture(points), 10) == encode(picture(points), 10)
