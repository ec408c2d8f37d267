"""Movies and contact sheets: every step of every run, and where a run has nothing to show it says so."""

from __future__ import annotations

import gc
import io
import weakref
from collections.abc import Iterator

import numpy as np
from PIL import Image

from vigan.figures import contact
from vigan.figures.movie import MILLISECONDS, PAUSE, PictureSequence, movie

RED, BLUE = (Image.new("RGB", (40, 40), colour) for colour in ((250, 0, 0), (0, 0, 250)))


def _frames(gif: bytes) -> list[tuple[np.ndarray, int]]:
    image = Image.open(io.BytesIO(gif))
    shown = []
    for at in range(getattr(image, "n_frames", 1)):
        image.seek(at)
        shown.append((np.asarray(image.convert("RGB")).astype(int), image.info["duration"]))
    return shown


def _share(frame: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((np.abs(frame - colour).max(axis=2) < 12).mean())


def test_a_movie_has_a_frame_a_step_with_its_runs_side_by_side() -> None:
    frames = _frames(
        movie([PictureSequence("plain", [RED, BLUE]), PictureSequence("regularised", [BLUE, BLUE])], [0, 60])
    )
    assert [duration for _, duration in frames] == [MILLISECONDS, PAUSE]
    first, second = (frame for frame, _ in frames)
    half = first.shape[1] // 2
    assert _share(first[:, :half], (250, 0, 0)) > 0.1
    assert _share(first[:, half:], (0, 0, 250)) > 0.1
    assert _share(second, (250, 0, 0)) == 0


def test_a_movie_says_where_a_run_has_nothing_to_show() -> None:
    silent, told = (_frames(movie([PictureSequence("wild", [RED, said])], [0, 60]))[1][0] for said in ("", "diverged"))
    assert (silent != told).any()


def test_a_cloud_is_shown_on_white() -> None:
    clear = Image.new("RGBA", (40, 40))
    frame = _frames(movie([PictureSequence("ring", [clear])], [0]))[0][0]
    assert _share(frame, (255, 255, 255)) > 0.8


def test_the_same_runs_are_the_same_bytes() -> None:
    sequences = [PictureSequence("plain", [RED, "diverged"])]
    assert movie(sequences, [0, 60]) == movie(sequences, [0, 60])
    sheets = []
    for _ in range(2):
        stream = io.BytesIO()
        contact.save(sequences, [0, 60], "A ring", stream)
        sheets.append(stream.getvalue())
    assert sheets[0] == sheets[1]


def test_a_contact_sheet_has_as_many_pages_as_its_runs_need() -> None:
    sequences = [PictureSequence(f"run {index}", [RED]) for index in range(contact.ROWS + 1)]
    stream = io.BytesIO()
    contact.save(sequences, [0], "A ring", stream)
    assert stream.getvalue().startswith(b"%PDF")
    assert stream.getvalue().count(b"/Type /Page\n") + stream.getvalue().count(b"/Type /Page ") == 2


def test_a_contact_sheet_has_no_more_columns_than_can_be_read_and_shows_beginning_and_end() -> None:
    assert contact.columns([0, 60]) == [0, 60]
    columns = contact.columns(range(0, 2100, 100))
    assert len(columns) == contact.COLUMNS
    assert (columns[0], columns[-1]) == (0, 2000)
    assert columns == sorted(set(columns))


def test_a_contact_sheet_holds_the_pictures_of_a_page_at_a_time() -> None:
    living: list[weakref.ref[Image.Image]] = []
    most = 0

    def sequences() -> Iterator[PictureSequence]:
        nonlocal most
        for index in range(4 * contact.ROWS):
            shown = RED.copy()
            living.append(weakref.ref(shown))
            if not index % contact.ROWS:
                gc.collect()
            most = max(most, sum(kept() is not None for kept in living))
            yield PictureSequence(f"run {index}", [shown])

    contact.save(sequences(), [0], "A ring", io.BytesIO())
    assert most <= 2 * contact.ROWS
