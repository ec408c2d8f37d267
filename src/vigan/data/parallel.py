"""Image files -> uint8 blocks in the order of their names, by any number of processes."""

from __future__ import annotations

import ctypes
import functools
import itertools
import math
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

from vigan.data.archive import Shelf
from vigan.data.source import DataError

FILES_PER_BLOCK = 128


class Recipe(Protocol):
    """Turns one image file into one example; hashable and picklable, so that it can travel to a worker."""

    def __call__(self, title: str, data: bytes) -> np.ndarray:
        """Example, uint8 (C, side, side), from the bytes of the file called `title`."""
        ...


def image_blocks(
    shelf: Shelf, names: Sequence[str], recipe: Recipe, shape: tuple[int, ...], workers: int
) -> Generator[np.ndarray, None, None]:
    """Blocks uint8 (n, *shape), n up to 128, in the order of `names`; the same for any number of workers.

    A block holds only until the next is asked for: at most 2 * `workers` share their memory with the workers. Raises
    DataError of the first file that fails, by name.
    """
    chunks = [names[start : start + FILES_PER_BLOCK] for start in range(0, len(names), FILES_PER_BLOCK)]
    if workers == 1:
        for chunk in chunks:
            yield _fill(np.empty((len(chunk), *shape), np.uint8), shelf, chunk, recipe)
        return
    context = get_context("spawn")
    memory = context.RawArray("B", 2 * workers * FILES_PER_BLOCK * math.prod(shape))
    slots = np.ctypeslib.as_array(memory).reshape(2 * workers, FILES_PER_BLOCK, *shape)
    executor = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(memory, slots.shape))
    try:
        yield from _in_order(executor, shelf, chunks, recipe, slots)
    except BrokenProcessPool:
        raise DataError(f"{shelf.path}: a worker process died (out of memory?); run with fewer workers") from None
    finally:
        executor.shutdown(cancel_futures=True)


def _in_order(
    executor: ProcessPoolExecutor, shelf: Shelf, chunks: Sequence[Sequence[str]], recipe: Recipe, slots: np.ndarray
) -> Iterator[np.ndarray]:
    waiting: deque[tuple[np.ndarray, Future[None]]] = deque()
    for chunk, slot in zip(chunks, itertools.cycle(range(len(slots))), strict=False):
        waiting.append((slots[slot, : len(chunk)], executor.submit(_fill_slot, slot, shelf, chunk, recipe)))
        if len(waiting) == len(slots):
            yield _finished(*waiting.popleft())
    while waiting:
        yield _finished(*waiting.popleft())


def _finished(block: np.ndarray, future: Future[None]) -> np.ndarray:
    future.result()
    return block


def _fill(block: np.ndarray, shelf: Shelf, names: Sequence[str], recipe: Recipe) -> np.ndarray:
    """`block` (n, *shape), filled with the examples made of the n files."""
    for index, name in enumerate(names):
        block[index] = recipe(shelf.title(name), shelf.read(name))
    return block


class _Shared:
    """What a worker shares with its parent: `slots`, blocks of one size."""

    slots: np.ndarray


def _fill_slot(slot: int, shelf: Shelf, names: Sequence[str], recipe: Recipe) -> None:
    _fill(_Shared.slots[slot], _kept(shelf), names, recipe)


def _begin(memory: ctypes.Array[ctypes.c_ubyte], shape: tuple[int, ...]) -> None:
    """Take up the shared memory, leave Ctrl-C to the parent, and end as soon as it is gone, however it went."""
    _Shared.slots = np.ctypeslib.as_array(memory).reshape(shape)
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
