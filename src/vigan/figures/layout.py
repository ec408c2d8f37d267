"""Layout around the panels of a figure: heading, titles, legend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation
from matplotlib.textpath import text_to_path
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from vigan.figures.style import SOFT, WIDTH, Looks

Part = Figure | SubFigure
"""A figure, or one of the subfigures that are stacked in it."""

COLUMNS = 3
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LINE = 11 / 72
"""Height of a line of notes in inches."""
NOTHING = "No run has a number that counts."
"""What a figure says instead of panels."""


def stacked(parts: int, draw: Callable[[Part, int], None]) -> Figure:
    """A figure of stacked parts, each with its own panels and legend, and as high as it would be alone.

    `draw(figure, index)` draws a part and sets its height with `add_height`.
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


def nothing(heading: str, why: str = NOTHING) -> Figure:
    """A figure without a panel: the heading, and a sentence on why there is none."""
    inches = 0.97 * WIDTH
    lines = len(wrap(heading, inches, 11.5, "bold")) + len(wrap(why, inches))
    figure = plt.figure(figsize=(WIDTH, 0.2 + 0.2 * lines))
    add_heading(figure, heading, why)
    return figure


def facets_with(
    known: Collection[str], facets: Sequence[Looks], titles: Sequence[str]
) -> tuple[list[Looks], Sequence[str]]:
    """The known arms of each facet that has some, and the titles of these facets, where facets have titles."""
    found = [{arm: look for arm, look in looks.items() if arm in known} for looks in facets]
    places = [place for place, looks in enumerate(found) if looks]
    return [found[place] for place in places], [titles[place] for place in places] if titles else titles


def _alone(draw: Callable[[Part, int], None], place: int) -> Figure:
    figure = plt.figure(figsize=(WIDTH, 0))
    draw(figure, place)
    return figure


def add_height(figure: Part, inches: float) -> None:
    """Increase a figure's height; no effect on a subfigure, whose height is set."""
    if isinstance(figure, Figure):
        figure.set_figheight(figure.get_figheight() + inches)


def _width(figure: Part) -> float:
    return figure.bbox.width / figure.get_figure(root=True).dpi


def add_heading(figure: Part, title: str, *notes: str, top: float | None = None) -> None:
    """Add a bold title above a figure and, below it, notes on how to read it, each wrapped.

    `top` is the upper edge of the title as a share of the figure's height; without it layout finds one.
    """
    inches = 0.97 * _width(figure)
    titles = wrap(title, inches, 11.5, "bold")
    lines = [line for note in notes for line in wrap(note, inches)]
    lined = "\n".join(titles) + "\n" * len(lines)
    over = figure.suptitle(lined, x=0.01, y=top, ha="left", fontsize=11.5, fontweight="bold")
    over.set_parse_math(False)
    text = Annotation("\n".join(lines), (0, 0), xycoords=over, va="bottom", color=SOFT, fontsize=9, linespacing=1.35)
    figure.add_artist(text)


def add_facet_heading(
    figure: Part, place: int, heading: str, notes: Sequence[str], titles: Sequence[str], own: Sequence[str] = ()
) -> None:
    """The figure's heading and notes above its first facet, and each facet's title and `own` notes, if it has them."""
    title = titles[place] if place < len(titles) else ""
    add_height(figure, LINE * len(own))
    if place == 0:
        add_heading(figure, ". ".join(filter(None, [heading, title])), *notes, *own)
    elif title or own:
        add_heading(figure, title, *own)


def width_of(text: str, points: float = 9, weight: str = "normal") -> float:
    """Width of a line of text, in inches."""
    font = FontProperties(size=points, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def wrap(text: str, inches: float, points: float = 9, weight: str = "normal") -> list[str]:
    """Lines of `text` wrapped to a width, where single words fit; no-break spaces do not break."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip(" ")
        if not lines[-1] or width_of(longer, points, weight) <= inches:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def columns_for(panels: int) -> int:
    """Number of columns for so many panels: at most `COLUMNS`, and 2 for four panels."""
    return 2 if panels == 4 else min(COLUMNS, panels)


class Title(NamedTuple):
    """The title of a panel and, smaller, notes below it."""

    title: str
    notes: Sequence[str] = ()


def set_titles(axes: np.ndarray, titles: Sequence[Title], beside: float = 0.8) -> None:
    """Set the titles of panels (rows, columns), aligned within a row, and remove panels without a title.

    `beside`: inches that labels take to the left of each panel. The figure's height grows with the notes.
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
        formula = title.title.replace(" − ", "\N{NO-BREAK SPACE}−\N{NO-BREAK SPACE}")
        axis.set_title("\n".join(wrap(formula, inches, 10)), pad=height + (8 if height else 5))
        text = axis.annotate("\n".join(lines), (0, 1), (0, height + 4), "axes fraction", "offset points", va="top")
        text.set(fontsize=8, color=SOFT, in_layout=False)
    return most


def by_iteration(axis: Axes, bins: int, name: str = "iteration") -> None:
    """Format the horizontal axis as iterations, with at most `bins` intervals between ticks."""
    axis.set_xlabel(name)
    axis.xaxis.set_major_locator(steps_locator(bins))
    axis.xaxis.set_major_formatter("{x:,.0f}")


def steps_locator(bins: int) -> MaxNLocator:
    """Places of ticks on an axis of steps: 1, 2 or 5 times a power of ten apart, with at most `bins` intervals."""
    return MaxNLocator(bins, integer=True, steps=[1, 2, 5, 10])


def log_scale(axes: Axes, which: Literal["x", "y"], low: float, high: float) -> None:
    """Make an axis that shows values from `low` > 0 to `high` logarithmic."""
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis: Axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1,) if high > 100 * low else (1, 2, 5)))
    axis.set_major_formatter(lambda value, _: power_of_ten(value))
    axis.set_minor_formatter(NullFormatter())


def power_of_ten(value: float) -> str:
    """A tick's value; as a multiple of a power of ten where it would have many zeros."""
    text = f"{value:g}"
    if "e" not in text:
        return text
    factor, power = text.split("e")
    return ("" if factor == "1" else f"{factor}·") + "10" + str(int(power)).translate(RAISED)


def key(figure: Part, arms: Sequence[Line2D], others: Sequence[Line2D | Patch]) -> None:
    """Add the legend below a figure: arms in the first columns, everything else in the last."""
    widest = max(len(str(handle.get_label())) for handle in (*arms, *others))
    fit = max(2, min(4, int(_width(figure) * 72 / (4.8 * widest + 50))))
    rows = max(len(others), -(-len(arms) // (fit - 1)))
    blank = Line2D([], [], linestyle="none", label=" ")
    handles = [handle for part in (arms, others) for handle in (*part, *[blank] * (-len(part) % rows))]
    columns = len(handles) // rows
    add_height(figure, 0.19 * max(0, rows - 3))
    figure.legend(handles=handles, loc="outside lower left", ncols=columns, handlelength=3.2, columnspacing=2.5)
