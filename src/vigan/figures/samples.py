"""Samples of the arms along training: image grids or scatter plots, one row per arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from vigan.figures.layout import add_heading
from vigan.figures.style import COLOURS, FAINT, SOFT, WIDTH

COLUMNS = 5
GRID, FEWER, LARGE = 4, 3, 64
LARGEST, BESIDE = 2.4, 0.6
ABOVE, BELOW, GAP = 0.95, 0.05, 0.04
"""Inches above and below the axes, for two lines of heading and two of notes; space between, in widths of axes."""


class SampleSequence(NamedTuple):
    """Samples of one run by step: uint8 images (m, C, side, side) or float32 points (m, 2), or why there are none."""

    arm: str
    seed: int
    samples: Mapping[int, np.ndarray | str]


def draw(sequences: Sequence[SampleSequence], heading: str, runs: str, means: np.ndarray | None = None) -> Figure:
    """One row per run and one column per chosen step; each run is one of `runs` of its arm.

    Points are drawn over `means` (m, 2), the true modes.
    """
    chosen = _chosen(list(sequences[0].samples))
    figure, axes = _grid_of_axes(len(sequences), len(chosen))
    for row, sequence in zip(axes, sequences, strict=True):
        for axis, step in zip(row, chosen, strict=True):
            _bare(axis)
            _cell(axis, sequence.samples[step], means)
        row[0].set_ylabel(f"{sequence.arm}\nseed {sequence.seed}", fontsize=_label_size(sequence.arm, figure, axes))
    for axis, step in zip(axes[0], chosen, strict=True):
        axis.set_title(f"iteration {step:,}", fontsize=9)
    circles = "" if means is None else " Circles: the true modes."
    note = f"Of each arm one run of n = {runs}, that of the first seed, whatever it shows.{circles}"
    add_heading(figure, heading, note, top=1 - 0.06 / figure.get_figheight())
    return figure


def _grid_of_axes(rows: int, columns: int) -> tuple[Figure, np.ndarray]:
    """Square axes (rows, columns) at places that are known beforehand: to look for them takes minutes of 100 arms."""
    size = min(LARGEST, (WIDTH - BESIDE) / columns)
    width, height = size * columns + BESIDE, size * rows + ABOVE + BELOW
    figure, axes = plt.subplots(rows, columns, figsize=(width, height), squeeze=False, layout="none")
    edges = {"left": 1 - size * columns / width, "right": 1 - BELOW / width}
    figure.subplots_adjust(**edges, bottom=BELOW / height, top=1 - ABOVE / height, wspace=GAP, hspace=GAP)
    return figure, axes


def _label_size(name: str, figure: Figure, axes: np.ndarray) -> float:
    """The size in points at which a name is no longer than its row is high, at most the usual one."""
    usual = FontProperties(size=plt.rcParams["axes.labelsize"])
    height = 72 * axes[0, 0].get_position().height * figure.get_figheight()
    length = TextPath((0, 0), name, prop=usual).get_extents().width
    return usual.get_size_in_points() * min(1, height / length)


def _cell(axis: Axes, samples: np.ndarray | str, means: np.ndarray | None) -> None:
    if isinstance(samples, str):
        axis.text(0.5, 0.5, samples, ha="center", color=SOFT, transform=axis.transAxes)
    elif samples.ndim == 2:
        _cloud(axis, samples, means)
    else:
        _grid(axis, samples)


def _chosen(steps: Sequence[int]) -> list[int]:
    """At most `COLUMNS` steps, evenly spaced up to the last; of more, none before training, which shows nothing."""
    steps = steps[1:] if len(steps) > COLUMNS else steps
    positions = {round(position) for position in np.linspace(0, len(steps) - 1, min(COLUMNS, len(steps)))}
    return [steps[position] for position in sorted(positions)]


def _bare(axis: Axes) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(False)
    axis.set_box_aspect(1)
    axis.spines[:].set(visible=True, color=FAINT)


def image_grid(images: np.ndarray, per_side: int, gap: int = 1) -> np.ndarray:
    """The first per_side^2 of uint8 images (n, C, side, side) as one picture (H, W, 3), white gaps, grey repeated.

    Where there are fewer, the rest is white.
    """
    few, lacking = images[: per_side**2], max(0, per_side**2 - len(images))
    padded = np.pad(few, ((0, lacking), (0, 0), (0, gap), (0, gap)), constant_values=255)
    channels, height, width = padded.shape[1:]
    rows = padded.reshape(per_side, per_side, channels, height, width).transpose(0, 3, 1, 4, 2)
    picture = rows.reshape(per_side * height, per_side * width, channels)[:-gap, :-gap]
    return np.broadcast_to(picture, (*picture.shape[:2], 3))


def _grid(axis: Axes, images: np.ndarray) -> None:
    per_side = FEWER if images.shape[-1] >= LARGE else GRID
    axis.imshow(image_grid(images, per_side), interpolation="nearest")


def reach_of(means: np.ndarray | None) -> float:
    """Half the width of the square that a cloud around some modes is shown in."""
    farthest = 0.0 if means is None else float(np.abs(means).max())
    return 1.4 * farthest if farthest else 3.0


def _cloud(axis: Axes, points: np.ndarray, means: np.ndarray | None) -> None:
    reach = reach_of(means)
    if means is not None:
        axis.scatter(*means.T, s=40, facecolors="none", edgecolors="#888888", linewidths=0.8)
    axis.scatter(*points.T, s=2, color=COLOURS[0], alpha=0.4, linewidths=0, rasterized=True)
    axis.set_xlim(-reach, reach)
    axis.set_ylim(-reach, reach)
    axis.set_aspect("equal")
