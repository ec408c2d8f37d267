"""A contact sheet for papers: every run of an experiment at a few steps of training, as PDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from vigan.figures import style
from vigan.figures.movie import Lane

COLUMNS, ROWS = 6, 6
CELL = 1.75
INK = style.mpl.rcParams["text.color"]


def save(lanes: Sequence[Lane], steps: Sequence[int], heading: str, stream: IO[bytes]) -> None:
    """Write `lanes` at no more than `COLUMNS` of `steps`, `ROWS` lanes a page; the same bytes for the same input."""
    with PdfPages(stream, metadata={"CreationDate": None, "Creator": "vigan", "Producer": None}) as pages:
        for first in range(0, len(lanes), ROWS):
            page = _page(lanes[first : first + ROWS], steps, heading)
            pages.savefig(page)
            plt.close(page)


def _page(lanes: Sequence[Lane], steps: Sequence[int], heading: str) -> Figure:
    chosen = _chosen(len(steps))
    size = (CELL * len(chosen) + 0.6, CELL * len(lanes) + 0.7)
    figure, axes = plt.subplots(len(lanes), len(chosen), figsize=size, squeeze=False)
    for row, lane in zip(axes, lanes, strict=True):
        for axis, at in zip(row, chosen, strict=True):
            _cell(axis, lane, at)
        row[0].set_ylabel(lane.label)
    for axis, at in zip(axes[0], chosen, strict=True):
        axis.set_title(f"iteration {steps[at]:,}")
    figure.suptitle(heading, x=0.01, ha="left", fontsize=11)
    return figure


def _chosen(count: int) -> list[int]:
    """Places of at most `COLUMNS` of `count` steps, evenly spread, the first and the last among them."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(COLUMNS, count))})


def _cell(axis: Axes, lane: Lane, at: int) -> None:
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
    for spine in axis.spines.values():
        spine.set_visible(False)
    shown = lane.pictures[at]
    if isinstance(shown, str):
        axis.text(0.5, 0.5, shown, ha="center", color=INK, transform=axis.transAxes)
    else:
        axis.imshow(np.asarray(shown), interpolation="nearest")
