"""Image files -> uint8 blocks in the order of their names, by any number of processes."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Protocol

import numpy as np

from vigan.data.material import DataError
from vigan.data.shelf import Shelf

FILES_PER_BLOCK = 128


class Recipe(Protocol):
    """Turns one image file into one example; hashable and picklable, so that it can travel to a worker."""

    def __call__(self, title: str, data: bytes) -> np.ndarray:
        """Example, uint8 (C, side, side), from the bytes of the file called `title`."""
        ...


def image_blocks(shelf: Shelf, names: Sequence[str], recipe: Recipe, workers: int) -> Generator[np.ndarray, None, None]:
    """Blocks uint8 (n, C, side, side), n up to 128, in the order of `names`; the same for any number of workers.

    At most 2 * `workers` blocks are held at once. Raises DataError of the first file that fails, by name.
    """
    chunks = [names[start : start + FILES_PER_BLOCK] for start in range(0, len(names), FILES_PER_BLOCK)]
    if workers == 1:
        for chunk in chunks:
            yield _block(shelf, chunk, recipe)
        return
    executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent)
    try:
        yield from _in_order(executor, shelf, chunks, recipe, 2 * workers)
    except BrokenProcessPool:
        raise DataError(f"{shelf.path}: a worker process died (out of memory?); run with fewer workers") from None
    finally:
        executor.shutdown(cancel_futures=True)


def _in_order(
    executor: ProcessPoolExecutor, shelf: Shelf, chunks: Sequence[Sequence[str]], recipe: Recipe, ahead: int
) -> Iterator[np.ndarray]:
    waiting: deque[Future[np.ndarray]] = deque()
    for chunk in chunks:
        waiting.append(executor.submit(_block_in_worker, shelf, chunk, recipe))
        if len(waiting) == ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _block(shelf: Shelf, names: Sequence[str], recipe: Recipe) -> np.ndarray:
    return np.stack([recipe(shelf.title(name), shelf.read(name)) for name in names])


def _block_in_worker(shelf: Shelf, names: Sequence[str], recipe: Recipe) -> np.ndarray:
    return _block(_kept(shelf), names, recipe)


def _end_with_parent() -> None:
    """Leave Ctrl-C to the parent, and end this worker as soon as the parent is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_outlive_nobody, daemon=True).start()


def _outlive_nobody() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@functools.cache
def _kept(shelf: Shelf) -> Shelf:
    """The first shelf equal to `shelf`, so that a worker opens its zip once; workers live for one call only."""
    return shelf
