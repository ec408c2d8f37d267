"""File locks that the system frees however their holder ends; and what to do on file systems without locks."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from vigan.errors import UserError, say, shown
from vigan.io.durable import make_folder

WITHOUT_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
"""Errors of file systems without locks: Lustre mounted without them, NFS without its daemon, some FUSE."""


_ELSEWHERE, _LONGEST = " on ", 300


class InUseError(UserError, RuntimeError):
    """What only one process may work on, and another one does; the message names it and what to do."""


class Held(NamedTuple):
    """A file open for appending, and whether it is locked: None if its file system has no locks."""

    stream: IO[bytes]
    locked: bool | None


def lock(handle: int, *, wait: bool = False) -> bool | None:
    """Whether an open file could be locked, at once or after waiting; None if there are no locks."""
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

    A process that waited for the lock may have a file that was removed or renamed meanwhile, whose lock guards nothing:
    then it starts again with the file that has the name now.
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


@contextlib.contextmanager
def owned(path: Path, subject: Path, busy: str, unguarded: str) -> Iterator[None]:
    """The lock of `path` on `subject`, with this process's number in the file; free however the process ends.

    Raises InUseError if another process has it: its number, and what it does (`busy`). Where there are no locks, a
    warning says what nobody guards against (`unguarded`).
    """
    with held(path) as (stream, locked):
        if locked is False:
            raise InUseError(f"{subject}: process {_owner(stream)} {busy}; wait for it or stop it")
        if locked is None:
            say(f"warning: {subject}: no locks on this file system; {unguarded}")
        stream.truncate(0)
        stream.write(f"{os.getpid()}{_ELSEWHERE}{platform.node()}".encode())
        stream.flush()
        yield


def _owner(stream: IO[bytes]) -> str:
    """The number of the process that has a lock, and its machine if that is another one."""
    stream.seek(0)
    told = shown(stream.read(_LONGEST).decode(errors="replace")).strip()
    return told.removesuffix(f"{_ELSEWHERE}{platform.node()}") or "unknown"


def is_named(stream: IO[bytes], path: Path) -> bool:
    """Whether an open file is the one called `path`."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False
