"""The interface between sources and `prepare`: examples in order, block by block, with their description."""

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

    `blocks` is consumed once, closed after use, and may raise DataError; of a plug-in it may be any iterable.
    `labels`: int64 (count,), of a plug-in any integers, or None.
    `preprocessing`: a description for the manifest. `skipped`: number of files that are not images, of which `links`
    are links to folders.
    `notes`: licence and remarks for the manifest.
    """

    count: int
    shape: tuple[int, ...]
    dtype: np.dtype
    blocks: Generator[np.ndarray, None, None]
    preprocessing: str
    labels: np.ndarray | None = None
    skipped: int = 0
    links: int = 0
    notes: tuple[str, ...] = ()
