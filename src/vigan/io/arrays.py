"""Arrays from untrusted `.npy` and `.npz` files: read whole, or refused in one line; no pickle, no zip bomb."""

from __future__ import annotations

import errno
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np

from vigan.io.files import RecordError

LARGEST = 2**36
"""Bytes of all arrays of a file: more than any machine of this project has memory."""
DAMAGE = (
    ValueError, KeyError, EOFError, TypeError, AttributeError, RuntimeError, OverflowError, MemoryError, SyntaxError,
    struct.error, zlib.error, zipfile.BadZipFile, tokenize.TokenError,
)  # fmt: skip
"""What numpy and zipfile raise on files that are not what they should be; NotImplementedError is a RuntimeError."""


def read_npz(path: Path, names: Iterable[str] | None = None, *, remedy: str) -> dict[str, np.ndarray]:
    """The arrays of an npz by name, or those named. Raises RecordError with the remedy if it is not such a file."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive)
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in (names or arrays.files)}
    except FileNotFoundError:
        raise RecordError(f"{path}: not there; {remedy}") from None
    except (*DAMAGE, OSError) as error:
        _refuse_machine(error)
        raise RecordError(f"{path}: cannot be read as arrays ({_one_line(error)}); {remedy}") from None


def read_array(path: Path, *, remedy: str) -> np.ndarray:
    """The array of a `.npy` file, memory-mapped, or the only one of an `.npz`, told apart by their content.

    Raises RecordError with the remedy if it is neither.
    """
    try:
        if not zipfile.is_zipfile(path):
            return np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise RecordError(f"{path}: not there; {remedy}") from None
    except (*DAMAGE, OSError) as error:
        _refuse_machine(error)
        raise RecordError(f"{path}: cannot be read as an array ({_one_line(error)}); {remedy}") from None
    arrays = read_npz(path, remedy=remedy)
    if len(arrays) != 1:
        held = ", ".join(arrays)[:200] or "none"
        raise RecordError(f"{path}: {len(arrays)} arrays in one file ({held}), and only one can be meant; {remedy}")
    return next(iter(arrays.values()))


def _check_members(archive: zipfile.ZipFile) -> None:
    """Raise ValueError for a member that is no array of numbers, or does not have the bytes that its head asks for."""
    total = 0
    for member in archive.infolist():
        with archive.open(member) as stream:
            needed = _needed(stream) + stream.tell()
        total += needed
        if needed != member.file_size or total > LARGEST:
            raise ValueError(f"{member.filename}: {member.file_size} bytes, {needed} are asked for")


def _needed(stream: IO[bytes]) -> int:
    """Bytes of the array whose head stands at the start of a stream, which is read as far as that."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(stream)
    if kind.hasobject:
        raise ValueError("it holds objects, which are not read")
    return math.prod(shape) * kind.itemsize


def _refuse_machine(error: Exception) -> None:
    """Raise what the machine refuses; a place before the start of a file (EINVAL) is what a damaged one asks for."""
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        raise error


def _one_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
