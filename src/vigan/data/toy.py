"""Two-dimensional mixtures of equal Gaussians: a ring and a grid. NumPy only."""

from __future__ import annotations

import numpy as np

from vigan.config.datasets import Grid, Ring
from vigan.data.source import SourceData
from vigan.rng import generator


def means(dataset: Ring | Grid) -> np.ndarray:
    """Centres of the modes, float64 (modes, 2), in the order of the labels.

    Ring: counter-clockwise from (radius, 0). Grid: row by row from the lower left, centred on the origin.
    """
    if isinstance(dataset, Ring):
        angle = 2 * np.pi * np.arange(dataset.modes) / dataset.modes
        return dataset.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    line = dataset.spacing * (np.arange(dataset.per_side) - (dataset.per_side - 1) / 2)
    y, x = np.meshgrid(line, line, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1)


def source_data(dataset: Ring | Grid) -> SourceData:
    """`count` draws, float32 (count, 2), each from a mode picked uniformly; labels are the indices of the modes."""
    centres, draw = means(dataset), generator(0, "prepare", dataset.source)
    labels = draw.integers(len(centres), size=dataset.count)
    points = centres[labels] + dataset.std * draw.standard_normal((dataset.count, 2))
    return SourceData(
        count=dataset.count,
        shape=(2,),
        dtype=np.dtype("<f4"),
        blocks=(block for block in [points]),
        labels=labels,
        preprocessing=f"drawn from {len(centres)} Gaussians of deviation {dataset.std}, modes picked uniformly",
    )
