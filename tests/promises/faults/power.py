"""What a disk may hold after the power went: names and content that were synced, and any part of what was not.

While a `Disk` records, it notes after each call that changes or syncs something below its root what is there and what
is on disk. A file's content is what it was when it was synced last, or nothing. The names in a folder are those of its
last sync, or what they were at any later moment.
"""

from __future__ import annotations

import builtins
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CALLS = ("fsync", "replace", "rename", "unlink", "remove", "mkdir", "rmdir", "link", "symlink", "truncate")
Names = dict[str, int]


class Moment:
    """What the disk may hold at one moment: content by inode, and for each folder the names it has had since synced."""

    def __init__(self, content: dict[int, bytes], names: dict[int, list[Names]], folders: set[int], root: int) -> None:
        self.content, self.names, self.folders, self.root = content, names, folders, root

    def write(self, target: Path, draw: random.Random | None, *, latest: bool = False) -> None:
        """Make the disk in `target`, with the names that were synced, the latest ones, or drawn ones in each folder."""
        self._write(self.root, target, draw, latest)

    def _write(self, inode: int, target: Path, draw: random.Random | None, latest: bool) -> None:
        target.mkdir()
        known = self.names[inode]
        chosen = known[-1] if latest else known[draw.randrange(len(known))] if draw else known[0]
        for name, of in chosen.items():
            if of in self.folders:
                self._write(of, target / name, draw, latest)
            else:
                (target / name).write_bytes(self.content.get(of, b""))


class Disk:
    """Records what is done below `root`, which is all on disk to begin with."""

    def __init__(self, root: Path) -> None:
        self.root, self.moments = root, list[Moment]()
        self._open: dict[int, int] = {}
        self._content: dict[int, bytes] = {}
        self._names: dict[int, list[Names]] = {}
        self._folders: set[int] = set()
        for path in [root, *root.rglob("*")]:
            inode = self._inode(path)
            if path.is_dir():
                self._names[inode] = [self._listed(path)]
            else:
                self._content[inode] = path.read_bytes()
        self._note()

    @contextmanager
    def recording(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        """Within, every call of `CALLS` is noted, as is each file that is opened."""
        with patch.context() as patched:
            for name in CALLS:
                patched.setattr(os, name, self._noted(name, getattr(os, name)))
            for module, name in ((os, "open"), (builtins, "open")):
                patched.setattr(module, name, self._noted(name, getattr(module, name)))
            yield
        for handle in self._open.values():
            os.close(handle)

    def _noted(self, name: str, call: Any) -> Any:
        def noted(*arguments: Any, **named: Any) -> Any:
            found = call(*arguments, **named)
            if name == "fsync":
                self._sync(arguments[0])
            self._note()
            return found

        return noted

    def _sync(self, handle: int) -> None:
        synced, names = os.fstat(handle), {self._inode(path): self._listed(path) for path in self._folders_now()}
        if synced.st_ino not in self._open or synced.st_dev != self.root.stat().st_dev:
            return
        if synced.st_ino in self._folders:
            self._names[synced.st_ino] = [names[synced.st_ino]]
        else:
            self._content[synced.st_ino] = os.pread(self._open[synced.st_ino], synced.st_size, 0)

    def _note(self) -> None:
        changed = not self.moments
        for path in self._folders_now():
            inode, listed = self._inode(path), self._listed(path)
            known = self._names.setdefault(inode, [{}])
            if known[-1] != listed:
                self._names[inode] = [*known, listed]
                changed = True
        if changed or self.moments[-1].content != self._content or self.moments[-1].names != self._names:
            names = {inode: list(known) for inode, known in self._names.items()}
            self.moments.append(Moment(dict(self._content), names, set(self._folders), self._inode(self.root)))

    def _folders_now(self) -> list[Path]:
        found = [self.root]
        for folder in found:
            with os.scandir(folder) as entries:
                found += sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
        return found

    def _listed(self, folder: Path) -> Names:
        return {name: self._inode(folder / name) for name in sorted(os.listdir(folder))}

    def _inode(self, path: Path) -> int:
        """The number of a file, which stays open here so that the number is not given to another."""
        inode = path.stat().st_ino
        if inode not in self._open:
            self._open[inode] = _plain_open(path, os.O_RDONLY)
            if path.is_dir():
                self._folders.add(inode)
        return inode


_plain_open = os.open
