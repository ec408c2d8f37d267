"""What a plug-in's source delivers, in the form that `prepare` writes, or refused before anything is written."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from vigan.config.datasets import DataSource
from vigan.data.source import DataError, SourceData


def delivered(dataset: DataSource) -> SourceData:
    """What a plug-in delivers, its blocks as a generator and its labels as int64, whatever these came in.

    Raises DataError unless it is what the plug-in declares, with an integer for each example if there are labels.
    """
    found, who = dataset.source_data(), f"source '{dataset.source}'"
    if not isinstance(found, SourceData):
        raise DataError(f"{who} delivers {type(found).__name__}, and not a SourceData")
    dtype = np.dtype(np.uint8 if len(dataset.shape) == 3 else np.float32)
    if (tuple(found.shape), found.dtype) != (dataset.shape, dtype):
        raise DataError(
            f"{who} delivers {found.dtype} of shape {found.shape}, and declares {dtype} of shape {dataset.shape}"
        )
    labels = None if found.labels is None else _labels(who, found.labels, found.count)
    return replace(
        found, count=int(found.count), shape=dataset.shape, dtype=dtype, blocks=_blocks(found.blocks), labels=labels
    )


def _blocks(blocks: Iterable[np.ndarray]) -> Generator[np.ndarray, None, None]:
    yield from blocks


def _labels(who: str, given: Any, count: int) -> np.ndarray:
    try:
        labels = np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataError(f"{who} delivers labels that are no array ({error})") from None
    if labels.shape != (count,):
        raise DataError(f"{who} delivers labels of shape {labels.shape}, and {count} examples")
    whole = labels.astype("<i8") if labels.dtype.kind in "iu" else None
    if whole is None or (whole != labels).any():
        raise DataError(f"{who} delivers labels of type {labels.dtype}; they are to be integers, as int64 holds them")
    return whole
