"""The look that all figures share: colour-blind-safe colours, text as text, the same bytes for the same input."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure

from vigan.records import write_text

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito (2008), "Color Universal Design", without yellow."""

mpl.use("Agg")
mpl.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "vigan",
        "font.family": ["DejaVu Sans", "sans-serif"],
        "font.size": 9,
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.grid": True,
        "grid.color": "#dddddd",
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
        "savefig.facecolor": "white",
    }
)


def colour_of(name: str, names: Sequence[str]) -> str:
    """Colour of a name by its place among all names of a figure."""
    return COLOURS[list(names).index(name) % len(COLOURS)]


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG, atomically, without a date, and close it."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    write_text(path, text.getvalue())
