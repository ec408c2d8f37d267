"""Files between stages: atomic writes, digests, JSON. Nothing here imports torch."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from vigan.errors import UserError
from vigan.io.durable import make_folder, rename
from vigan.io.locks import lock

_PART = ".part"


class RecordError(UserError, RuntimeError):
    """A file between stages that is missing, damaged or of something else; the message names it and what to do."""


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Binary file that appears under `path` only when it is complete and on disk; on any error, not at all.

    Leftovers of earlier attempts whose process was killed are removed. An OSError while writing names `path`. Raises
    RecordError where a device, pipe or socket would be replaced, such as /dev/null.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise RecordError(f"{path}: a device, pipe or socket, which a file would replace; name a file")
    make_folder(path.parent)
    _remove_abandoned(path)
    with _naming(path):
        handle, part = _own_part(path)
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                part.chmod(0o666 & ~_umask())
                rename(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Within, an OSError without a file name, or with that of a temporary file, names `path`."""
    try:
        yield
    except OSError as error:
        if error.filename is None or str(error.filename).endswith(_PART):
            error.filename = str(path)
        raise


def _own_part(path: Path) -> tuple[int, Path]:
    """A new temporary file for `path`, open and locked: leftovers of killed processes are not locked."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_PART)
        lock(handle, wait=True)
        if os.path.exists(name):
            return handle, Path(name)
        os.close(handle)


def _remove_abandoned(path: Path) -> None:
    for part in path.parent.glob(glob.escape(f".{path.name}.") + "?" * 8 + _PART):
        with contextlib.suppress(OSError), part.open("rb") as stream:
            if lock(stream.fileno()):
                part.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_write(path) as stream:
        stream.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, atomically. Raises ValueError on NaN or infinity."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Content of a JSON file. Raises RecordError naming the file if it is missing, or not JSON: NaN is not, either.

    Where the machine cannot read it (a failing disk, no permission), its OSError tells.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise RecordError(f"{path}: not there yet; run the stage that writes it first") from None
    except (ValueError, RecursionError) as error:
        raise RecordError(
            f"{path}: cannot be read as JSON ({error}); delete it and run the same command again"
        ) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def sha256_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes, read in chunks of 1 MiB."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def holds(path: Path, digest: str | None) -> bool:
    """Whether a file is there, and has this SHA-256 (hex)."""
    return path.is_file() and sha256_file(path) == digest
