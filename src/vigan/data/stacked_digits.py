"""Stacked digits: random triples of handwritten digits, one in each colour channel."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np

from vigan.config.datasets import StackedDigits
from vigan.data.digits import single_digits
from vigan.data.source import SourceData
from vigan.rng import generator

DIGITS = 10
PER_BLOCK = 4096


def source_data(dataset: StackedDigits, fetched: Path, *, download: bool) -> SourceData:
    """`count` draws, uint8 (count, 3, side, side); labels 0 to 999, channels 0, 1, 2 their hundreds, tens and units.

    Each channel's digit is drawn uniformly from 0 to 9, then one of its scans: all triples are equally likely although
    some digits have fewer scans. Raises DataError, see `vigan.data.mnist.read`.
    """
    singles = single_digits(dataset.origin, dataset.side, fetched, download=download)
    draw = generator(0, "prepare", dataset.source)
    digits = draw.integers(DIGITS, size=(dataset.count, 3))
    return SourceData(
        count=dataset.count,
        shape=dataset.shape,
        dtype=np.dtype(np.uint8),
        blocks=_blocks(singles.images, _pick(singles.labels, digits, draw)),
        labels=(digits @ (100, 10, 1)).astype("<i8"),
        preprocessing=f"triples drawn uniformly from {len(singles.images)} digits; {singles.preprocessing}",
        notes=(singles.note,),
    )


def _pick(labels: np.ndarray, digits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """For each of `digits` the index of a scan of it, drawn uniformly; `labels` holds every digit."""
    counts = np.bincount(labels, minlength=DIGITS)
    starts = np.cumsum(counts) - counts
    return np.argsort(labels, kind="stable")[starts[digits] + draw.integers(counts[digits])]


def _blocks(images: np.ndarray, chosen: np.ndarray) -> Generator[np.ndarray, None, None]:
    for start in range(0, len(chosen), PER_BLOCK):
        yield images[chosen[start : start + PER_BLOCK]]
