"""The files of an arm from elsewhere: bounded in number and size, within their folder, told by content."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from vigan.config.base import nearest
from vigan.config.elsewhere import ElsewhereArm, Samples, StudioGan, StyleGan, Table
from vigan.io.files import RecordError, sha256_file
from vigan.runtime.settings import expanded

MOST_BYTES = 256 * 2**20
"""Of a file of numbers."""
MOST_NUMBERS = 2_000_000
"""Of an arm."""
MOST_FILES = 20_000_000
DEEPEST = 8
"""Folders below the one that an arm names."""
LOG, METRIC_LINES, OPTIONS = re.compile(r".*\.log"), re.compile(r"metric-[\w.-]+\.jsonl"), "training_options.json"

Wanted = Callable[[str], bool]


def place_of(arm: ElsewhereArm) -> Path:
    """The file or folder that an arm names."""
    return expanded(arm.origin.path)


def is_at_hand(arm: ElsewhereArm) -> bool:
    """Whether there is anything where the arm's files should be."""
    return os.path.lexists(place_of(arm))


def files_of(arm: ElsewhereArm) -> list[Path]:
    """Every file that decides an arm's numbers, in order. Raises RecordError where there is none, or a refused one.

    Of a folder all that lies below it, but for what this format does not read.
    """
    path = place_of(arm)
    match arm.origin:
        case Table():
            found = [path]
        case StyleGan(runs=runs):
            found = list(below(path, lambda name: bool(METRIC_LINES.fullmatch(name)) or name == OPTIONS))
            found = _of_runs(path, {file: file.parent for file in found}, runs)
        case StudioGan(runs=runs):
            found = list(below(path, lambda name: bool(LOG.fullmatch(name)))) if path.is_dir() else [path]
            found = _of_runs(path, {file: file for file in found}, runs)
        case Samples():
            found = list(below(path, bool))
    if not found:
        raise RecordError(f"{path}: holds nothing that format '{arm.origin.format}' reads")
    if not isinstance(arm.origin, Samples):
        for file in found:
            check_plain(file)
    return found


def name_of_run(root: Path, run: Path) -> str:
    """What tells a run from all others below an arm's path."""
    return str(run.relative_to(root)) if run != root else run.name


def named_runs(root: Path, name: str, runs: Iterable[Path], key: str) -> list[Path]:
    """The runs that a study names under `key`: by path below the arm's, else by name, else by that without its ending.

    Raises RecordError, naming the nearest, if there is none.
    """
    known = list(dict.fromkeys(runs))
    ways: list[Callable[[Path], str]] = [lambda run: name_of_run(root, run), lambda run: run.name, lambda run: run.stem]
    found = next((runs for way in ways if (runs := [run for run in known if way(run) == name])), None)
    if found is None:
        near = nearest(name, list(dict.fromkeys(run.name for run in known))[:50])
        raise RecordError(f"{root}: `{key}` names '{name}', and no such run is there{near}")
    return found


def _of_runs(root: Path, run_of: Mapping[Path, Path], named: Sequence[str]) -> list[Path]:
    """The files of the named runs; all, if none is named."""
    chosen = {run for name in named for run in named_runs(root, name, run_of.values(), "runs")}
    return [file for file, run in run_of.items() if not named or run in chosen]


def check_plain(path: Path, most: int = MOST_BYTES) -> None:
    """Raise RecordError unless `path` is a plain file of at most `most` bytes."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise RecordError(f"{path}: not there; mend the arm's path, which counts from the project's folder") from None
    except ValueError as error:  # a path with a NUL
        raise RecordError(f"{path!r}: no path ({error})") from None
    if not stat.S_ISREG(status.st_mode):
        raise RecordError(f"{path}: not a plain file; name a file of numbers")
    if status.st_size > most:
        raise RecordError(f"{path}: {status.st_size:,} bytes, at most {most:,} are read; split it, or leave rows out")


def below(folder: Path, wanted: Wanted) -> Iterator[Path]:
    """Files of these names at most `DEEPEST` folders below one, in order, hidden ones left out.

    A link within the folder is left out, for what it leads to is found in its own place. Raises RecordError for one
    that leads out of the folder, for a pipe or a device, and for more files than anybody has.
    """
    if not folder.is_dir():
        raise RecordError(f"{folder}: no folder; mend the arm's path, which counts from the project's folder")
    root, count = folder.resolve(), 0
    for base, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if name[0] != "." and not _is_link(Path(base) / name, root))
        if len(Path(base).relative_to(folder).parts) >= DEEPEST:
            folders.clear()
        for name in sorted(names):
            path = Path(base) / name
            if name[0] == "." or not wanted(name) or _is_link(path, root):
                continue
            if not stat.S_ISREG(path.lstat().st_mode):
                raise RecordError(f"{path}: neither a file nor a folder but a pipe or device; remove it")
            count += 1
            if count > MOST_FILES:
                raise RecordError(f"{folder}: more than {MOST_FILES:,} files; name a smaller folder")
            yield path


def _raise(error: OSError) -> None:
    raise error


def _is_link(path: Path, root: Path) -> bool:
    """Whether it is a link. Raises RecordError if it leads out of `root`."""
    if not path.is_symlink():
        return False
    try:
        inside = path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        inside = False
    if not inside:
        raise RecordError(f"{path}: a link that leads out of {root.name}; put a copy in its place, or remove it")
    return True


def glance(files: Sequence[Path]) -> str:
    """Digest of names, sizes and times: what tells a change without reading."""
    seen = ((str(file.absolute()), *_times(file)) for file in files)
    return hashlib.sha256("\n".join(map(repr, seen)).encode()).hexdigest()


def _times(file: Path) -> tuple[int, int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def content(root: Path, files: Sequence[Path]) -> str:
    """Digest of the files' content and, in a folder, of their names in it; wherever it lies."""
    total = hashlib.sha256()
    for file in files:
        name = "" if file == root else str(file.relative_to(root))
        total.update(f"{name!r} {sha256_file(file)}\n".encode())
    return total.hexdigest()
