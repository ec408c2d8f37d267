"""What all refusals have in common, and what is said where the machine refuses."""

from __future__ import annotations

import errno
import os

REMEDIES = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EFBIG: "permit larger files",
    errno.EROFS: "work in a folder that can be written",
    errno.EACCES: "permit it",
    errno.EPERM: "permit it",
    errno.EIO: "look after the disk",
    errno.EMFILE: "permit more open files",
    errno.ENOMEM: "make memory free",
}
"""What to do before the same command can go on, by the operating system's number of an error."""


class UserError(Exception):
    """Input that vigan does not take; the message is one line that a user can act on.

    `code` is the exit code of a command that ends by it.
    """

    code = 1


def describe_os_error(error: OSError) -> str | None:
    """One line on what the machine refused and what to do; None for an error that is none of `REMEDIES`."""
    if isinstance(error.args[0] if error.args else None, list):  # shutil.Error: one (source, target, reason) a file
        return f"{error.args[0][0][1]}: cannot be copied ({error.args[0][0][2]}); then run the same command again"
    if error.errno not in REMEDIES:
        return None
    file, remedy = os.fsdecode(error.filename or "a file"), REMEDIES[error.errno]
    return f"{file}: {error.strerror}; {remedy}, then run the same command again: what is finished stays"
