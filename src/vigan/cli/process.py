"""The process of a command: imports without a search for cycles, memory that is kept, no clearing up at the end.

A command that measures a small run lasts two seconds. Half a second of them went to Python's search for cycles among
objects that an import had just made, and as much to taking all of them apart at the end (docs/performance.md).
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""glibc's names of two of its settings: see mallopt(3)."""


_ERRORS = 2
"""Number of the stream for errors, the last standard one."""


class _Process:
    """Whether this process is one command's alone, and its exit code if it ends now."""

    alone, code = False, 1


def run(command: Callable[[], int]) -> NoReturn:
    """Run the command that this process was started for, and end the process with its exit code."""
    _Process.alone = True
    atexit.register(_leave)  # what is registered first is called last
    _keep_memory()
    try:
        _Process.code = command()
    except SystemExit as ended:  # argparse has refused the arguments, or shown its help
        _Process.code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    sys.exit(_Process.code)


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Within, Python does not search for cycles; nor later among what is there by then, in a command's own process.

    In others, as where a test calls a command, there are objects that are still to be freed.
    """
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if _Process.alone:
            gc.freeze()
        if searched:
            gc.enable()


def open_standard_streams() -> None:
    """Lead streams that the caller closed nowhere: the next file would get their number, and all that is printed."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= _ERRORS:
        os.set_inheritable(handle, True)
    os.close(handle)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


def _keep_memory() -> None:
    """Let glibc, if it is there, keep what is freed for what comes next.

    A network's maps are else given back after each batch, and the next one's faulted in page by page.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_M_MMAP_THRESHOLD, 2**25)  # the largest that it takes
        mallopt(_M_TRIM_THRESHOLD, 2**30)


def _leave() -> None:
    """End the process, once its threads are joined and all else that is called at the end has been."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(_Process.code)
