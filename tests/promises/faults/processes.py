"""What runs on this machine, as /proc tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

NEEDED = pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="no /proc to look for processes in")


def session(leader: int) -> list[int]:
    """Processes of a session that are alive."""
    return [pid for pid, fields in _all() if int(fields[3]) == leader]


def group(leader: int) -> list[int]:
    """Processes of a process group that are alive."""
    return [pid for pid, fields in _all() if int(fields[2]) == leader]


def alive(pid: int) -> bool:
    """Whether a process runs, other than as a zombie."""
    return pid in dict(_all())


def working_in(folder: Path) -> list[int]:
    """Processes that are alive and whose working folder is `folder` or lies in it."""
    return [pid for pid, _ in _all() if folder.resolve() in (_home(pid) / "any").parents]


def _home(pid: int) -> Path:
    """Working folder of a process, "." where it cannot be told."""
    try:
        return (Path("/proc") / str(pid) / "cwd").readlink()
    except OSError:
        return Path()


def _all() -> list[tuple[int, list[str]]]:
    """Process id and the fields after the name in /proc/PID/stat, of all that are no zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields and fields[0] != "Z":
            found.append((int(folder.name), fields))
    return found
