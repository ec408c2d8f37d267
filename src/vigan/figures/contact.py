"""A contact sheet for papers: every run of an experiment at a few steps of training, as PDF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import IO

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from PIL import Image

from vigan.figures import style
from vigan.figures.movie import PictureSequence

COLUMNS, ROWS = 6, 6
CELL = 1.75
INK = style.mpl.rcParams["text.color"]


def columns(steps: Sequence[int]) -> list[int]:
    """At most `COLUMNS` of `steps`, evenly spread, the first and the last among them."""
    places = sorted({round(place) for place in np.linspace(0, len(steps) - 1, min(COLUMNS, len(steps)))})
    return [steps[place] for place in places]


def save(sequences: Iterable[PictureSequence], steps: Sequence[int], heading: str, stream: IO[bytes]) -> None:
    """Write `sequences`, with a picture for each of `steps`, `ROWS` of them a page; the same bytes for the same input.

    Lanes are taken page by page, so that they need not all be in memory.
    """
    left = iter(sequences)
    with PdfPages(stream, metadata={"CreationDate": None, "Creator": "vigan", "Producer": None}) as pages:
        while rows := list(islice(left, ROWS)):
            page = _page(rows, steps, heading)
            pages.savefig(page)
            plt.close(page)


def _page(sequences: Sequence[PictureSequence], steps: Sequence[int], heading: str) -> Figure:
    size = (CELL * len(steps) + 0.6, CELL * len(sequences) + 0.7)
    figure, axes = plt.subplots(len(sequences), len(steps), figsize=size, squeeze=False)
    for row, sequence in zip(axes, sequences, strict=True):
        for axis, shown in zip(row, sequence.pictures, strict=True):
            _cell(axis, shown)
        row[0].set_ylabel(sequence.label)
    for axis, step in zip(axes[0], steps, strict=True):
        axis.set_title(f"iteration {step:,}")
    figure.suptitle(heading, x=0.01, ha="left", fontsize=11).set_parse_math(False)
    return figure


def _cell(axis: Axes, shown: Image.Image | str) -> None:
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
    for spine in axis.spines.values():
        spine.set_visible(False)
    if isinstance(shown, str):
        axis.text(0.5, 0.5, shown, ha="center", color=INK, transform=axis.transAxes)
    else:
        axis.imshow(np.asarray(shown), interpolation="nearest")
