"""What a file was made from, kept with it; and the one line that says what differs from what is wanted.

A stamp is a JSON beside what it speaks of: digests by name of all that decided the content ("code", "claims.C1",
"runs.plain"), of the files themselves, and the versions of the libraries that made them. Its seal is a digest of the
rest, so that damage to a stamp is seen as such.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import SerializerFunctionWrapHandler, ValidationError, model_serializer, model_validator

from vigan import provenance
from vigan.config.base import Strict, digest_of
from vigan.io.files import RecordError, holds, read_json, sha256_file, write_json

SEAL = "seal"
SHOWN = 4
"""How many of the things that differ are named."""


class Stamp(Strict):
    """What files were made from; `files` are their digests by their path from the stamp's folder."""

    made_from: dict[str, str]
    files: dict[str, str]
    versions: dict[str, str]

    @property
    def identity(self) -> str:
        """Digest of content and origin, whatever versions of libraries stood by."""
        return digest_of([self.made_from, self.files])

    def damaged(self, stamp: Path, files: Iterable[Path]) -> Path | None:
        """The first of some files that is not what was written, None if all are."""
        paths = {file: os.path.relpath(file, stamp.parent) for file in files}
        return next((file for file, name in paths.items() if not holds(file, self.files.get(name))), None)


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record, as JSON, with its seal."""
    return {**record, SEAL: digest_of(record)}


def unsealed(record: Any) -> Any:
    """A record without its seal; one that has none, of an earlier version, as it is.

    Raises ValueError if it is not what was sealed.
    """
    if not isinstance(record, dict) or SEAL not in record:
        return record
    content = {name: value for name, value in record.items() if name != SEAL}
    if record[SEAL] != digest_of(content):
        raise ValueError("its content is not what was written")
    return content


class Sealed(Strict):
    """A record that has a seal as JSON."""

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, record: Any) -> Any:
        return unsealed(record)

    @model_serializer(mode="wrap")
    def _sealed(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return sealed(serialize(self))


def write_stamp(path: Path, made_from: Mapping[str, str], files: Iterable[Path]) -> None:
    """Write the stamp of files that lie there, atomically."""
    digests = {os.path.relpath(file, path.parent): sha256_file(file) for file in files}
    record = {"made_from": dict(made_from), "files": digests, "versions": provenance.versions()}
    write_json(path, sealed(record))


def read_stamp(path: Path, remedy: str) -> Stamp:
    """A stamp. Raises RecordError with the remedy if it is missing or not what was written."""
    if not path.is_file():
        raise RecordError(f"{path}: not there, so nobody knows what these files were made from; {remedy}")
    try:
        return Stamp.model_validate(unsealed(read_json(path)))
    except (ValidationError, ValueError):
        raise RecordError(f"{path}: damaged; {remedy}") from None


def stale(subject: Path | str, found: Mapping[str, str], wanted: Mapping[str, str], remedy: str) -> str | None:
    """One line on what differs from what is wanted, and what mends it; None if nothing does."""
    unlike = [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)]
    if not unlike:
        return None
    more = f" and {len(unlike) - SHOWN} more" if len(unlike) > SHOWN else ""
    return f"{subject}: made from other {', '.join(unlike[:SHOWN])}{more}; {remedy}"


def check(path: Path, subject: Path, wanted: Mapping[str, str], files: Iterable[Path], remedy: str) -> None:
    """Raise RecordError unless the stamp at `path` says that `subject` was made from what is `wanted`.

    And unless its `files` are what was written.
    """
    stamp = read_stamp(path, remedy)
    if line := stale(subject, stamp.made_from, wanted, remedy):
        raise RecordError(line)
    check_files(path, stamp, files, remedy)


def check_files(path: Path, stamp: Stamp, files: Iterable[Path], remedy: str) -> None:
    """Raise RecordError naming a file that is not what was written when the stamp at `path` was."""
    if damaged := stamp.damaged(path, files):
        raise RecordError(f"{damaged}: missing, or not what was written; {remedy}")
