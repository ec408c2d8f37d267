"""Figures are files that can be compared byte by byte and read as text."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from vigan.figures.style import COLOURS, colour_of, save


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


def test_arms_of_a_figure_have_different_colours() -> None:
    names = [f"arm-{index}" for index in range(len(COLOURS))]
    assert len({colour_of(name, names) for name in names}) == len(COLOURS)
    with pytest.raises(ValueError, match="unknown"):
        colour_of("unknown", names)
