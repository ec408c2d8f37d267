"""Changes that outlive a power cut: files and folders whose content and names are on disk before the next step begins.

A file system keeps what was synced. Of the rest it may keep names without content, the last before the first, or
nothing: whatever one step relies on is therefore synced by the step before.
"""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

_CANNOT = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EACCES}
"""What systems say that cannot sync a folder, some on networks among them."""
_CHUNK = 1 << 20


def sync_folder(folder: Path) -> None:
    """Put the names that a folder holds on disk, where its file system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, each with its name on disk."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def rename(source: Path, target: Path) -> None:
    """Give a file or folder another name, in place of the file or empty folder that has it; on disk afterwards."""
    source.replace(target)
    for folder in {source.parent, target.parent}:
        sync_folder(folder)


def copy(source: Path, target: Path) -> str:
    """SHA-256 (hex) of what was copied from `source` into the new file `target`, whose content is on disk."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("xb") as written:
        while chunk := read.read(_CHUNK):
            digest.update(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
    return digest.hexdigest()
