"""Before a plan is carried out: a disk that can be written, and no other process that works on the same study."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import vigan
from vigan.io.durable import make_folder
from vigan.io.locks import owned

_ENOUGH = 2**16


def forget(folder: Path, outputs: Sequence[Path], unless: Sequence[str] = ()) -> None:
    """Remove what Snakemake, whose folder is `folder`, remembers of outputs: the content they were made of, parameters.

    What says all of `unless`, if anything, is left. It keeps a file for each output, named by its path in base64, cut
    to names that a disk takes (Snakemake's `snakemake.persistence.file`). Where there is none, or none that may be
    removed, nothing is done.
    """
    place = folder / "metadata"
    with contextlib.suppress(OSError):
        most = os.pathconf(place, "PC_NAME_MAX") - 1
        for output in outputs:
            name = base64.urlsafe_b64encode(str(output).encode()).decode()
            parts = [name[start : start + most] for start in range(0, len(name), most)]
            record = place.joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])
            with contextlib.suppress(FileNotFoundError):
                told = record.read_text(encoding="utf-8", errors="replace")
                if not unless or not all(words in told for words in unless):
                    record.unlink()


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


def command(*words: str) -> int:
    """Exit code of a command of vigan, run by this interpreter."""
    return subprocess.run([sys.executable, "-P", "-m", "vigan.cli", *words], check=False).returncode


def of_conda(folder: Path) -> str:
    """What begins every job's shell under `--sdm conda`: there `vigan` is this code, run by the environment's Python.

    An environment that lacks something thus fails, and never falls through to what is installed outside. `folder` gets
    a link to the package, where it is installed among others, which are not to be seen.
    """
    source = Path(str(vigan.__file__)).parents[1]
    if source.name != "src":
        source = _alone(source / "vigan", folder / "source")
    command = f'PYTHONPATH={shlex.quote(str(source))} "$CONDA_PREFIX/bin/python" -P -m vigan.cli "$@"'
    return f"set -euo pipefail; vigan() {{ {command}; }}; ".replace("{", "{{").replace("}", "}}")


def _alone(package: Path, folder: Path) -> Path:
    """A folder in which nothing lies but a link to the package."""
    make_folder(folder)
    link = folder / package.name
    if not link.is_symlink() or link.readlink() != package:
        link.unlink(missing_ok=True)
        link.symlink_to(package)
    return folder.absolute()


def claim(path: Path) -> contextlib.ExitStack:
    """Hold `path` against other plans of a study until the stack is closed, or the process ends, however it does.

    Raises InUseError that names the process which holds it.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(owned(path, path, "carries out this study here", "begin no second plan of this study"))
        return stack.pop_all()
