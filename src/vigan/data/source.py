"""What a source hands to `prepare`: the examples in order, block by block, and what is to be said about them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from vigan.io.files import RecordError


class DataError(RecordError):
    """A source of examples that is missing or damaged; the message names the file and what to do."""


@dataclass(frozen=True)
class SourceData:
    """`count` examples of `shape` and `dtype`, delivered in order as arrays (n, *shape) by `blocks`.

    `blocks` is read once, closed after use, and may raise DataError on the way. `labels`: int64 (count,) or None.
    `preprocessing`: what was done to the source, in words. `skipped`: files passed over because they are no images.
    `notes`: licence and remarks for the manifest.
    """

    count: int
    shape: tuple[int, ...]
    dtype: np.dtype
    blocks: Generator[np.ndarray, None, None]
    preprocessing: str
    labels: np.ndarray | None = None
    skipped: int = 0
    notes: tuple[str, ...] = ()
