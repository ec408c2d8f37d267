"""The base class of user errors, and messages for errors of the operating system."""

from __future__ import annotations

import errno
import os
import sys
import unicodedata
from typing import TextIO

_IN_ITS_PLACE = "move away what is in its place"
_NETWORK = "check the network drive, or work on a local disk"
_LATER = "wait until nobody else uses it"

REMEDIES = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    errno.EROFS: "work in a folder that can be written",
    errno.EACCES: "change its permissions (chmod)",
    errno.EPERM: "change its permissions (chmod)",
    errno.EIO: "check the disk",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "close other programs, which hold too many files open",
    errno.ENOMEM: "free memory",
    errno.ENOENT: "check the path, or make it with the stage before",
    errno.ENOTDIR: _IN_ITS_PLACE,
    errno.EISDIR: _IN_ITS_PLACE,
    errno.EEXIST: _IN_ITS_PLACE,
    errno.ENOTEMPTY: _IN_ITS_PLACE,
    errno.ELOOP: "fix its symbolic links",
    errno.ENAMETOOLONG: "name a shorter path",
    errno.EXDEV: "keep it on one disk",
    errno.EBUSY: _LATER,
    errno.ETXTBSY: _LATER,
    errno.EAGAIN: _LATER,
    errno.ESTALE: _NETWORK,
    errno.ETIMEDOUT: _NETWORK,
    errno.EHOSTDOWN: _NETWORK,
    errno.ENETDOWN: _NETWORK,
    errno.ENOLCK: _NETWORK,
    errno.ENOSYS: _NETWORK,
    errno.EOPNOTSUPP: _NETWORK,
}
"""What to do before running the same command again, by errno."""
OTHERWISE = "check the disk"


class UserError(Exception):
    """Input that vigan does not take: a line that a user can act on, and further lines of advice, if there are any.

    `code` is the exit code of a command that ends by it.
    """

    code = 1

    def __init__(self, line: str, advice: str = "") -> None:
        super().__init__(line)
        self.advice = advice

    def __str__(self) -> str:
        return "\n".join(filter(None, (str(self.args[0]), self.advice)))

    @property
    def text(self) -> str:
        """What a terminal shows: whatever names are in it, the line is one line."""
        return "\n".join(filter(None, (shown(str(self.args[0])), self.advice)))


def shown(text: str) -> str:
    """`text` on one line, characters that would move or colour a terminal's or hide others written as escapes."""
    return "".join(_escaped(letter) if is_unseen(letter) else letter for letter in text)


def is_unseen(letter: str) -> bool:
    """Whether a character would move or colour a terminal's others, or hide them."""
    return unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a line that may hold names of files or words of a server, at once."""
    print(shown(text), file=stream or sys.stdout, flush=True)


def describe_os_error(error: OSError) -> str | None:
    """One line on an OS error and what to do; None for an error without an errno."""
    if isinstance(error.args[0] if error.args else None, list):  # shutil.Error: one (source, target, reason) a file
        return f"{error.args[0][0][1]}: cannot be copied ({error.args[0][0][2]}); then run the same command again"
    if error.errno is None:
        return None
    file, remedy = os.fsdecode(error.filename or "a file"), REMEDIES.get(error.errno, OTHERWISE)
    return f"{file}: {error.strerror}; {remedy}, then run the same command again: what is finished stays"
