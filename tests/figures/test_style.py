"""Figures are files that can be compared byte by byte and read as text."""

from __future__ import annotations

import itertools
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vigan.figures import profile
from vigan.figures.layout import add_heading, columns_for, key, power_of_ten, steps_locator, width_of, wrap
from vigan.figures.style import COLOURS, MARKERS, Look, looks, luminance, save
from vigan.report import scale

SEEN = {
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}
"""What is seen of linear red, green and blue (Machado, Oliveira and Fernandes 2009, severity 1)."""


def _figure() -> Figure:
    figure, axis = plt.subplots()
    axis.plot([0, 1, 2], [0, 1, 0], label="plain")
    axis.fill_between([0, 1, 2], [0, 0, 0], [1, 2, 1], alpha=0.2)
    axis.scatter(*np.random.default_rng(0).normal(size=(2, 50)), rasterized=True)
    axis.imshow(np.eye(3))
    axis.set_title("Fréchet −log D")
    figure.legend()
    return figure


def test_the_same_figure_is_the_same_bytes(tmp_path: Path) -> None:
    save(_figure(), tmp_path / "one.svg")
    save(_figure(), tmp_path / "two.svg")
    one = (tmp_path / "one.svg").read_bytes()
    assert one == (tmp_path / "two.svg").read_bytes()
    assert b"<dc:date>" not in one


def test_text_stays_text(tmp_path: Path) -> None:
    save(_figure(), tmp_path / "one.svg")
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert "<text" in text
    assert "Fréchet −log D</text>" in text


def test_a_saved_figure_is_closed_and_its_folder_made(tmp_path: Path) -> None:
    before = plt.get_fignums()
    save(_figure(), tmp_path / "figures" / "one.svg")
    assert plt.get_fignums() == before
    assert [file.name for file in (tmp_path / "figures").iterdir()] == ["one.svg"]


def test_arms_of_a_figure_differ_in_colour_and_in_marker() -> None:
    shown = looks({f"arm-{index}": False for index in range(40)})
    assert len({look.colour for look in list(shown.values())[: len(COLOURS)]}) == len(COLOURS)
    assert len({look.marker for look in list(shown.values())[: len(MARKERS)]}) == len(MARKERS)
    assert len(set(shown.values())) == 40


def test_plain_arms_are_dashed_and_hollow_beside_regularised_ones_only() -> None:
    assert [look.dashed for look in looks({"plain": False, "regularised": True}).values()] == [True, False]
    assert [look.dashed for look in looks({"one": False, "two": False}).values()] == [False, False]
    plain, regularised = looks({"plain": False, "regularised": True}).values()
    assert plain.points["markerfacecolor"] == "white"
    assert regularised.points["markerfacecolor"] == regularised.colour


@pytest.mark.parametrize("deficiency", list(SEEN))
def test_colours_differ_to_people_who_see_no_red_or_no_green(deficiency: str) -> None:
    linear = np.array([[_linear(part) for part in to_rgb(colour)] for colour in COLOURS])
    seen = np.cbrt(np.clip(linear @ np.array(SEEN[deficiency]).T, 0, 1))
    gaps = [np.abs(one - two).max() for one, two in itertools.combinations(seen, 2)]
    assert min(gaps) > 0.08


@pytest.mark.parametrize("colour", COLOURS)
def test_words_in_an_arms_colour_can_be_read_on_white(colour: str) -> None:
    ink = to_rgb(Look(colour, "o", dashed=False).ink)
    assert 1.05 / (luminance(ink) + 0.05) >= 4.5
    assert np.argmax(ink) == np.argmax(to_rgb(colour))


def test_the_head_wraps_what_is_told_to_the_figures_width() -> None:
    figure = plt.figure(figsize=(4, 3))
    add_heading(figure, "A ring", "word " * 40)
    figure.canvas.draw()
    (told,) = figure.artists
    assert told.get_window_extent().x1 <= figure.bbox.x1
    assert told.get_window_extent().y0 >= figure.bbox.y0
    assert figure.get_suptitle().startswith("A ring\n")


def test_the_head_wraps_a_title_too_and_tells_the_rest_under_it() -> None:
    figure = plt.figure(figsize=(4, 3))
    add_heading(figure, "An experiment with a long name: " + "word " * 12, "how to read it")
    figure.canvas.draw()
    over, (told,) = next(text for text in figure.texts if text.get_text().startswith("An")), figure.artists
    lines = over.get_text().rstrip("\n").split("\n")
    assert len(lines) > 1
    assert over.get_window_extent().x1 <= figure.bbox.x1
    assert told.get_window_extent().y1 < over.get_window_extent().y1 - 1.9 * 11.5 * figure.dpi / 72


def test_arms_and_all_else_stand_in_columns_of_their_own() -> None:
    figure = plt.figure(figsize=(10, 3))
    arms = [look.handle(name) for name, look in looks({f"arm-{index}": False for index in range(5)}).items()]
    key(figure, arms, [Line2D([], [], label=label) for label in ("one", "two", "three")])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [*(f"arm-{index}" for index in range(5)), " ", "one", "two", "three"]


def test_lines_fit_and_a_no_break_space_keeps_words_together() -> None:
    lines = wrap("a few words that end with an\N{NO-BREAK SPACE}arrow", 1.0)
    assert " ".join(lines) == "a few words that end with an\N{NO-BREAK SPACE}arrow"
    assert max(width_of(line) for line in lines) <= 1.0
    assert len(lines) > 1
    assert wrap("unbreakable", 0.1) == ["unbreakable"]


@pytest.mark.parametrize(("panels", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (9, 3)])
def test_panels_stand_in_at_most_three_columns(panels: int, columns: int) -> None:
    assert columns_for(panels) == columns


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


@pytest.mark.parametrize(("longest", "places"), [(4000, [0, 2000, 4000]), (1400, [0, 500, 1000])])
def test_ticks_of_steps_are_1_2_or_5_times_a_power_of_ten_apart(longest: int, places: list[int]) -> None:
    ticks = steps_locator(4).tick_values(-0.05 * longest, 1.05 * longest)
    assert [tick for tick in ticks if 0 <= tick <= longest] == places


@pytest.mark.parametrize(
    ("value", "told"), [(0.0001, "0.0001"), (1e-5, "10⁻⁵"), (2e-05, "2·10⁻⁵"), (20.0, "20"), (1e6, "10⁶")]
)
def test_a_tick_of_many_zeros_is_a_power_of_ten(value: float, told: str) -> None:
    assert power_of_ten(value) == told


def test_figures_and_the_page_call_the_same_axes_steep() -> None:
    assert profile.is_steep is scale.is_steep
