"""Locks that the system frees however their holder ends; and what to do where a file system has none."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from vigan.io.durable import make_folder

WITHOUT_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
"""What file systems say that have no locks: Lustre mounted without them, NFS without its daemon, some FUSE."""


class Held(NamedTuple):
    """A file open to be appended to, and whether it is locked: None where its file system has no locks."""

    stream: IO[bytes]
    locked: bool | None


def lock(handle: int, *, wait: bool = False) -> bool | None:
    """Whether the lock of an open file could be had, at once or by waiting; None where there are no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        if error.errno in WITHOUT_LOCKS:
            return None
        raise
    return True


@contextlib.contextmanager
def held(path: Path, *, wait: bool = False) -> Iterator[Held]:
    """The file `path`, made if it is missing, with its lock.

    Who was about to lock it may hold a file that was removed or renamed meanwhile, whose lock guards nothing: then the
    file that has the name now is taken.
    """
    while True:
        make_folder(path.parent)
        try:
            stream = path.open("a+b")
        except FileNotFoundError:  # the folder was removed again
            continue
        with stream:
            locked = lock(stream.fileno(), wait=wait)
            if locked is False or is_named(stream, path):
                yield Held(stream, locked)
                return


def is_named(stream: IO[bytes], path: Path) -> bool:
    """Whether an open file is the one called `path`."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False
