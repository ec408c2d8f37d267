"""What stands around the panels of a figure: its head, the panels' titles, its key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator

from vigan.figures.style import SOFT, WIDTH

Part = Figure | SubFigure
"""A figure, or one of those that are stacked in it."""

COLUMNS = 3
LINE = 11 / 72
"""Height of a line of notes in inches."""


def stacked(parts: int, draw: Callable[[Part, int], None]) -> Figure:
    """A figure of parts one below the other, each with panels and a key of its own and as high as it is alone.

    `draw` is given what to draw a part in, and its place; it sets the height with `add_height`.
    """
    alone = [_alone(draw, place) for place in range(parts)]
    if parts == 1:
        return alone[0]
    heights = [figure.get_figheight() for figure in alone]
    for figure in alone:
        plt.close(figure)
    whole = plt.figure(figsize=(WIDTH, sum(heights)))
    for place, part in enumerate(whole.subfigures(parts, 1, squeeze=False, height_ratios=heights).flat):
        draw(part, place)
    return whole


def _alone(draw: Callable[[Part, int], None], place: int) -> Figure:
    figure = plt.figure(figsize=(WIDTH, 0))
    draw(figure, place)
    return figure


def add_height(figure: Part, inches: float) -> None:
    """Make a figure higher; a part of one has its height already."""
    if isinstance(figure, Figure):
        figure.set_figheight(figure.get_figheight() + inches)


def _width(figure: Part) -> float:
    return figure.bbox.width / figure.get_figure(root=True).dpi


def add_heading(figure: Part, title: str, *notes: str) -> None:
    """Put a title in bold over a figure, and under it how to read it, each from a new line and wrapped."""
    inches = 0.97 * _width(figure)
    titles = wrap(title, inches, 11.5, "bold")
    lines = [line for note in notes for line in wrap(note, inches)]
    over = figure.suptitle("\n".join(titles) + "\n" * len(lines), x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    over.set_parse_math(False)
    text = Annotation("\n".join(lines), (0, 0), xycoords=over, va="bottom", color=SOFT, fontsize=9, linespacing=1.35)
    figure.add_artist(text)


def width_of(text: str, points: float = 9, weight: str = "normal") -> float:
    """Width of a line of text, in inches."""
    font = FontProperties(size=points, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def wrap(text: str, inches: float, points: float = 9, weight: str = "normal") -> list[str]:
    """Lines of `text` that fit in a width where its words do; no-break spaces do not break."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip(" ")
        if not lines[-1] or width_of(longer, points, weight) <= inches:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def columns_for(panels: int) -> int:
    """Columns of a figure of so many panels: at most `COLUMNS`, four panels as a square."""
    return 2 if panels == 4 else min(COLUMNS, panels)


class Title(NamedTuple):
    """What stands over a panel: its title and, smaller, notes under it."""

    title: str
    notes: Sequence[str] = ()


def set_titles(axes: np.ndarray, titles: Sequence[Title], beside: float = 0.8) -> None:
    """Put titles over panels (rows, columns) and remove the panels that have none; in a row they are aligned.

    `beside` are the inches that labels take to the left of each panel. The figure grows by what notes need.
    """
    columns = axes.shape[1]
    for row, first in zip(axes, range(0, axes.size, columns), strict=True):
        lines = _set_titles(row, titles[first : first + columns], WIDTH / columns - beside)
        add_height(row[0].get_figure(root=False), LINE * max(0, lines - 1))
    for axis in axes.flat[len(titles) :]:
        axis.remove()


def _set_titles(axes: Sequence[Axes], titles: Sequence[Title], inches: float) -> int:
    notes = [[line for note in title.notes for line in wrap(note, inches, 8)] for title in titles]
    most = max(len(lines) for lines in notes)
    height = 72 * LINE * most
    for axis, title, lines in zip(axes, titles, notes, strict=False):
        axis.set_title("\n".join(wrap(title.title, inches, 10)), pad=height + (8 if height else 5))
        text = axis.annotate("\n".join(lines), (0, 1), (0, height + 4), "axes fraction", "offset points", va="top")
        text.set(fontsize=8, color=SOFT, in_layout=False)
    return most


def by_iteration(axis: Axes, bins: int) -> None:
    """Let a panel's horizontal axis be iterations, with so many intervals between ticks at most."""
    axis.set_xlabel("iteration")
    axis.xaxis.set_major_locator(MaxNLocator(bins, integer=True))
    axis.xaxis.set_major_formatter("{x:,.0f}")


def key(figure: Part, arms: Sequence[Line2D], others: Sequence[Line2D | Patch]) -> None:
    """Put the key under a figure: the arms in the first columns, all else in the last."""
    widest = max(len(str(handle.get_label())) for handle in (*arms, *others))
    fit = max(2, min(4, int(_width(figure) * 72 / (4.8 * widest + 50))))
    rows = max(len(others), -(-len(arms) // (fit - 1)))
    blank = Line2D([], [], linestyle="none", label=" ")
    handles = [handle for part in (arms, others) for handle in (*part, *[blank] * (-len(part) % rows))]
    columns = len(handles) // rows
    add_height(figure, 0.19 * max(0, rows - 3))
    figure.legend(handles=handles, loc="outside lower left", ncols=columns, handlelength=3.2, columnspacing=2.5)
