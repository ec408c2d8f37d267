"""The style of all figures: colour-blind-safe colours, text as text, the same bytes for the same input."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vigan.figures.slim import slim
from vigan.io.files import write_text

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito (2008), "Color Universal Design", without yellow."""
MARKERS = ("o", "s", "^", "D", "v", "P", "<", "h")

INK, SOFT, FAINT = "#1c1e21", "#5b6067", "#dddddd"
LEGIBLE = 4.5
NOT_TRAINED = "not trained here"
ENOUGH = 3
"""Fewest runs for which an interval of the mean is drawn."""
WIDTH = 10.2
"""Width of every figure in inches: shown at about 1100 pixels, so 8 points are 12 pixels."""
PALE: dict[str, Any] = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1}
"""Background box that keeps text legible over lines."""

mpl.use("Agg")
mpl.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "vigan",
        "font.family": ["DejaVu Sans", "sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],  # each text in an SVG repeats this list
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": SOFT,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.axisbelow": True,
        "axes.grid": True,
        "grid.color": FAINT,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
        "savefig.facecolor": "white",
        "savefig.dpi": 150,
    }
)


class Look(NamedTuple):
    """How an arm is drawn in all figures of its experiment; arms differ in marker and line style, not only colour."""

    colour: str
    marker: str
    dashed: bool
    elsewhere: bool = False

    @property
    def ink(self) -> str:
        """The arm's colour, darkened until text in it can be read on white (contrast 4.5, WCAG 2.2)."""
        red, green, blue = to_rgb(self.colour)
        shades = ((red * part, green * part, blue * part) for part in np.linspace(1, 0, 101))
        return to_hex(next(shade for shade in shades if 1.05 / (luminance(shade) + 0.05) >= LEGIBLE))

    @property
    def line(self) -> dict[str, Any]:
        """Settings of the arm's lines."""
        return {"color": self.colour, "linestyle": (0, (4, 1.6)) if self.dashed else "-"}

    @property
    def points(self) -> dict[str, Any]:
        """Settings of the arm's markers: hollow where its lines are dashed."""
        inside = "white" if self.dashed else self.colour
        return {"marker": self.marker, "markerfacecolor": inside, "markeredgecolor": self.colour}

    def handle(self, label: str) -> Line2D:
        """The arm's legend entry."""
        return Line2D([], [], **self.line, **self.points, label=self.marked(label))

    def marked(self, label: str) -> str:
        """What a legend says of the arm: that it was not trained here, too, where it was not."""
        return f"{label}, {NOT_TRAINED}" if self.elsewhere else label


Looks = Mapping[str, Look]


def looks(regularised: Mapping[str, bool], elsewhere: Collection[str] = ()) -> dict[str, Look]:
    """The look of each arm, by its position. Plain arms are dashed and hollow if there are regularised ones, too."""
    both = len(set(regularised.values())) > 1
    return {
        name: Look(
            COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)], both and not with_term, name in elsewhere
        )
        for place, (name, with_term) in enumerate(regularised.items())
    }


def step_name(looks: Looks) -> str:
    """What a step of some arms is called: that of arms from elsewhere may count anything."""
    return "step" if looks and all(look.elsewhere for look in looks.values()) else "iteration"


def luminance(colour: Sequence[float]) -> float:
    """Relative luminance of a colour (red, green, blue, ... in [0, 1]), in [0, 1] (WCAG 2.2)."""
    parts = np.asarray(colour, dtype=float)[:3]
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG, atomically, without a date, and close it."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    write_text(path, slim(text.getvalue()))
