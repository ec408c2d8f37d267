"""Strips show what each arm generated, when, and where it generated nothing."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from numpy.typing import NDArray

from vigan.figures.samples import COLUMNS, FEWER, GRID, LARGE, SampleSequence, draw, image_grid

STEPS = (0, 20, 40, 60)
WHITE = [255, 255, 255]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def _strip(
    reached: int = 4, *, arm: str = "plain", bad: tuple[int, ...] = (), scheduled: tuple[int, ...] = STEPS
) -> SampleSequence:
    """Clouds of five points, those of step s at (s, s), at the first `reached` of the scheduled steps."""
    clouds: dict[int, np.ndarray | str] = {step: np.full((5, 2), step, np.float32) for step in scheduled[:reached]}
    late = dict.fromkeys(scheduled[reached:], "diverged")
    return SampleSequence(arm, 0, clouds | dict.fromkeys(bad, "not finite") | late)


def _rows(figure: Figure, columns: int) -> list[list[Axes]]:
    return [figure.axes[at : at + columns] for at in range(0, len(figure.axes), columns)]


@pytest.mark.parametrize(("arm", "smaller"), [("plain", False), ("a" * 63, True), ("w" * 40, True)])
def test_a_name_is_no_longer_than_its_row_is_high(arm: str, smaller: bool) -> None:
    """Long ones ran into those of other rows. Here letters are rounded to pixels; in the figures' SVG they are not."""
    figure = draw([_strip(arm=arm), _strip()], "Samples", "8")
    figure.canvas.draw()
    first, other = (row[0].yaxis.label for row in _rows(figure, len(STEPS)))
    assert first.get_window_extent().height <= 1.1 * figure.axes[0].get_window_extent().height
    assert (first.get_fontsize() < other.get_fontsize()) == smaller


def _said(axis: Axes) -> list[str]:
    return [text.get_text() for text in axis.texts]


def test_a_run_that_diverged_says_so_in_every_column_it_did_not_reach() -> None:
    whole, short = _rows(draw([_strip(), _strip(2, arm="wild")], "A ring", "2"), 4)
    assert [_said(axis) for axis in whole] == [[], [], [], []]
    assert [_said(axis) for axis in short] == [[], [], ["diverged"], ["diverged"]]
    assert [len(axis.collections) for axis in short] == [1, 1, 0, 0]


def test_the_first_strip_may_be_the_shorter_one() -> None:
    figure = draw([_strip(1, arm="wild"), _strip()], "A ring", "2")
    short, whole = _rows(figure, 4)
    assert [axis.get_title(loc="left") for axis in short] == [f"iteration {step}" for step in STEPS]
    assert [_said(axis) for axis in short] == [[], ["diverged"], ["diverged"], ["diverged"]]
    assert [_said(axis) for axis in whole] == [[], [], [], []]


def test_samples_that_are_not_finite_are_not_drawn_but_named() -> None:
    (row,) = _rows(draw([_strip(bad=(40,))], "A ring", "2"), 4)
    assert [_said(axis) for axis in row] == [[], [], ["not finite"], []]
    assert not row[2].collections


def test_each_column_shows_the_samples_of_its_step() -> None:
    (row,) = _rows(draw([_strip()], "A ring", "2"), 4)
    drawn = [np.asarray(axis.collections[-1].get_offsets()) for axis in row]
    assert [points.tolist() for points in drawn] == [[[step, step]] * 5 for step in STEPS]


def test_titles_are_scheduled_steps_the_last_among_them_and_of_many_none_before_training() -> None:
    scheduled = tuple(range(0, 101, 10))
    figure = draw([_strip(11, scheduled=scheduled), _strip(3, arm="wild", scheduled=scheduled)], "A ring", "2")
    first, second = _rows(figure, COLUMNS)
    assert [axis.get_title(loc="left") for axis in first] == [f"iteration {step}" for step in (10, 30, 50, 80, 100)]
    assert [axis.get_title(loc="left") for axis in second] == [""] * COLUMNS
    assert [_said(axis) for axis in second] == [[], *[["diverged"]] * (COLUMNS - 1)]


def test_rows_name_their_arm_and_seed_and_the_figure_its_heading() -> None:
    figure = draw([_strip(), _strip(arm="regularised")], "A ring: samples", "2")
    assert [row[0].get_ylabel() for row in _rows(figure, 4)] == ["plain\nseed 0", "regularised\nseed 0"]
    assert figure.get_suptitle().strip() == "A ring: samples"


def test_the_figure_says_that_it_shows_one_run_of_n() -> None:
    (told,) = draw([_strip()], "A ring", "7").artists
    assert isinstance(told, Annotation)
    assert told.get_text() == "Of each arm one run of n = 7, that of the first seed, whatever it shows."


@pytest.mark.parametrize("reached", [1, 4])
def test_every_cell_is_a_square_of_one_size(reached: int) -> None:
    figure = draw([_strip(), _strip(reached, arm="wild")], "A ring", "2")
    figure.canvas.draw()
    boxes = np.array([axis.get_window_extent().size for axis in figure.axes])
    np.testing.assert_allclose(boxes, boxes[0, 0], rtol=1e-6)


def test_points_are_drawn_over_the_true_modes_in_one_frame() -> None:
    modes = np.array([[2.0, 0.0], [0.0, 2.0]])
    (row,) = _rows(draw([_strip(2, scheduled=(0, 1))], "A ring", "2", modes), 2)
    for axis in row:
        assert np.asarray(axis.collections[0].get_offsets()).tolist() == modes.tolist()
        assert len(axis.collections) == 2
        assert axis.get_xlim() == axis.get_ylim() == pytest.approx((-2.8, 2.8))


def _coloured(count: int, side: int = 2, channels: int = 3) -> NDArray[np.uint8]:
    """Images of one colour each: (i, 10 + i, 20 + i)."""
    colours = np.arange(count)[:, None] + 10 * np.arange(channels)
    return np.broadcast_to(colours[:, :, None, None], (count, channels, side, side)).astype(np.uint8)


def test_images_stand_row_by_row_with_white_between_them() -> None:
    picture = image_grid(_coloured(5), 2)
    assert picture.shape == (5, 5, 3)
    for index, (top, left) in enumerate([(0, 0), (0, 3), (3, 0), (3, 3)]):
        assert (picture[top : top + 2, left : left + 2] == [index, 10 + index, 20 + index]).all()
    assert (picture[2] == WHITE).all()
    assert (picture[:, 2] == WHITE).all()


def test_an_image_is_neither_turned_nor_mirrored() -> None:
    images = np.arange(4 * 12, dtype=np.uint8).reshape(4, 3, 2, 2)
    picture = image_grid(images, 2, gap=1)
    np.testing.assert_array_equal(picture[:2, 3:], images[1].transpose(1, 2, 0))
    np.testing.assert_array_equal(picture[3:, :2], images[2].transpose(1, 2, 0))


def test_where_there_are_fewer_images_than_places_the_rest_is_white() -> None:
    picture = image_grid(_coloured(3), 2)
    assert picture.shape == (5, 5, 3)
    assert (picture[3:, 3:] == WHITE).all()
    assert (picture[3:, :2] == [2, 12, 22]).all()


def test_the_gap_is_as_wide_as_asked() -> None:
    picture = image_grid(_coloured(4), 2, gap=3)
    assert picture.shape == (7, 7, 3)
    assert (picture[2:5] == WHITE).all()


def test_grey_images_are_the_same_in_all_three_channels() -> None:
    picture = image_grid(_coloured(4, channels=1), 2)
    assert picture.shape == (5, 5, 3)
    assert picture[:2, 3:].tolist() == [[[1, 1, 1]] * 2] * 2
    assert picture.dtype == np.uint8


def test_strips_of_images_are_shown_as_grids_of_the_right_step() -> None:
    images = np.stack([_coloured(20), 100 + _coloured(20)])
    strip = SampleSequence("plain", 3, {0: images[0], 60: images[1]})
    (row,) = _rows(draw([strip], "Faces", "2"), 2)
    for axis, expected in zip(row, images, strict=True):
        np.testing.assert_array_equal(np.asarray(axis.images[0].get_array()), image_grid(expected, GRID))


def test_of_large_images_fewer_are_shown() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, GRID**2, 3, LARGE, LARGE), dtype=np.uint8)
    strip = SampleSequence("plain", 3, {0: images[0], 60: images[1]})
    (row,) = _rows(draw([strip], "Faces", "2"), 2)
    for axis, expected in zip(row, images, strict=True):
        np.testing.assert_array_equal(np.asarray(axis.images[0].get_array()), image_grid(expected, FEWER))
