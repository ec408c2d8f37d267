"""Before a plan is carried out: a disk that can be written, and no other process that works on the same study."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from vigan.io.durable import make_folder
from vigan.io.locks import owned

_ENOUGH = 2**16


def is_dry(arguments: Sequence[str]) -> bool:
    """Whether Snakemake is asked for a plan alone, as it does not say itself while it reads a workflow."""
    return any(word in ("--dry-run", "--dryrun") or re.fullmatch(r"-[A-Za-z]*n[A-Za-z]*", word) for word in arguments)


def check_disk(folder: Path) -> None:
    """Raise OSError, naming the folder, where nothing can be written into it."""
    make_folder(folder)
    try:
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(bytes(_ENOUGH))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        error.filename = str(folder)
        raise


def claim(path: Path) -> contextlib.ExitStack:
    """Hold `path` against other plans of a study until the stack is closed, or the process ends, however it does.

    Raises InUseError that names the process which holds it.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(owned(path, path, "carries out this study here", "begin no second plan of this study"))
        return stack.pop_all()
