"""Digests of code remembered from process to process, as Python keeps its bytecode: until any source file changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib import util
from pathlib import Path
from typing import Any

MEMORY = Path(__file__).parent / "__pycache__" / "code-digests.json"


@cache
def remembered(modules: tuple[str, ...], digest_of: Callable[[tuple[str, ...]], str]) -> str:
    """`digest_of` some modules, computed once for the source files as they are: their sizes and times tell.

    A process has one answer: it runs what it imported, whatever is edited meanwhile and whoever forgets the digests of
    what was. What is remembered is sealed; damaged, it counts for nothing. Where it cannot be kept, each process
    computes it.
    """
    packages = tuple(sorted({"vigan", *(module.partition(".")[0] for module in modules)}))
    name = f"{_glance(packages)} {' '.join(modules)}"
    known = _known()
    if name not in known:
        known = {key: value for key, value in _known().items() if key.startswith(_glance(("vigan",))[:16])}
        known[name] = digest_of(modules)
        _keep(known)
    return known[name]


@cache
def _glance(packages: tuple[str, ...]) -> str:
    """Digest of sizes and times of all source files, the first half of it for those of this package alone."""
    own, others = (_digest(name for name in packages if (name == "vigan") == own) for own in (True, False))
    return own[:16] + others[:16]


def _digest(packages: Any) -> str:
    seen = sorted([file, *_times(file)] for name in packages for place in _places(name) for file in _sources(place))
    return hashlib.sha256(json.dumps([sys.version, seen]).encode()).hexdigest()


def _places(package: str) -> list[str]:
    spec = util.find_spec(package)
    return list(spec.submodule_search_locations or ()) if spec else []


def _sources(folder: str) -> Iterator[str]:
    """The source files below a folder. This is done for every command, so without the convenience of Path."""
    for base, _, names in os.walk(folder):
        yield from (f"{base}{os.sep}{name}" for name in names if name.endswith(".py"))


def _times(file: str) -> tuple[int, int, int]:
    status = os.stat(file)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _known() -> dict[str, str]:
    try:
        kept = json.loads(MEMORY.read_text(encoding="utf-8"))
        return kept["digests"] if kept["seal"] == _seal(kept["digests"]) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _seal(digests: Any) -> str:
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()


def _keep(digests: dict[str, str]) -> None:
    if sys.dont_write_bytecode:
        return
    with contextlib.suppress(OSError):
        MEMORY.parent.mkdir(exist_ok=True)
        handle, part = tempfile.mkstemp(dir=MEMORY.parent, prefix=".code-digests")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump({"digests": digests, "seal": _seal(digests)}, stream)
        os.replace(part, MEMORY)
