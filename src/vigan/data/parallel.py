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

from vigan.data.archive import FileSource
from vigan.data.source import DataError

FILES_PER_BLOCK = 128


class Transform(Protocol):
    """Turns one image file into one example; hashable and picklable, so that it can travel to a worker."""

    def __call__(self, title: str, data: bytes) -> np.ndarray:
        """Example, uint8 (C, side, side), from the bytes of the file called `title`."""
        ...


def image_blocks(
    files: FileSource, names: Sequence[str], transform: Transform, shape: tuple[int, ...], workers: int
) -> Generator[np.ndarray, None, None]:
    """Blocks uint8 (n, *shape), n up to 128, in the order of `names`; the same for any number of workers.

    A block holds only until the next is asked for: at most 2 * `workers` share their memory with the workers. Raises
    DataError of the first file that fails, by name.
    """
    chunks = [names[start : start + FILES_PER_BLOCK] for start in range(0, len(names), FILES_PER_BLOCK)]
    if workers == 1:
        for chunk in chunks:
            yield _fill(np.empty((len(chunk), *shape), np.uint8), files, chunk, transform)
        return
    context = get_context("spawn")
    memory = context.RawArray("B", 2 * workers * FILES_PER_BLOCK * math.prod(shape))
    slots = np.ctypeslib.as_array(memory).reshape(2 * workers, FILES_PER_BLOCK, *shape)
    executor = ProcessPoolExecutor(workers, context, initializer=_init_worker, initargs=(memory, slots.shape))
    try:
        yield from _in_order(executor, files, chunks, transform, slots)
    except BrokenProcessPool:
        raise DataError(f"{files.path}: a worker process died (out of memory?); run with fewer workers") from None
    finally:
        executor.shutdown(cancel_futures=True)


def _in_order(
    executor: ProcessPoolExecutor,
    files: FileSource,
    chunks: Sequence[Sequence[str]],
    transform: Transform,
    slots: np.ndarray,
) -> Iterator[np.ndarray]:
    waiting: deque[tuple[np.ndarray, Future[None]]] = deque()
    for chunk, slot in zip(chunks, itertools.cycle(range(len(slots))), strict=False):
        waiting.append((slots[slot, : len(chunk)], executor.submit(_fill_slot, slot, files, chunk, transform)))
        if len(waiting) == len(slots):
            yield _finished(*waiting.popleft())
    while waiting:
        yield _finished(*waiting.popleft())


def _finished(block: np.ndarray, future: Future[None]) -> np.ndarray:
    future.result()
    return block


def _fill(block: np.ndarray, files: FileSource, names: Sequence[str], transform: Transform) -> np.ndarray:
    """`block` (n, *shape), filled with the examples made of the n files."""
    for index, name in enumerate(names):
        block[index] = transform(files.title(name), files.read(name))
    return block


class _Shared:
    """What a worker shares with its parent: `slots`, blocks of one size."""

    slots: np.ndarray


def _fill_slot(slot: int, files: FileSource, names: Sequence[str], transform: Transform) -> None:
    _fill(_Shared.slots[slot], _opened(files), names, transform)


def _init_worker(memory: ctypes.Array[ctypes.c_ubyte], shape: tuple[int, ...]) -> None:
    """Take up the shared memory, leave Ctrl-C to the parent, and end as soon as it is gone, however it went."""
    _Shared.slots = np.ctypeslib.as_array(memory).reshape(shape)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@functools.cache
def _opened(files: FileSource) -> FileSource:
    """The first source equal to `files`, so that a worker opens its zip once; workers live for one call only."""
    return files
