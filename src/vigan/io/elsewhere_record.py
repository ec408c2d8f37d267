"""The record of an arm whose runs were made elsewhere, arm.json: what was found and notes for the reader."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from vigan.config.base import Strict, digest_of
from vigan.config.elsewhere import ElsewhereArm, Samples
from vigan.io.files import RecordError, read_json, write_json
from vigan.io.run_record import MEASURED
from vigan.io.stamp import Sealed, Stamp, check_files, read_stamp, sealed, unsealed

RECORD, METRICS, SAMPLES = "arm.json", "metrics.csv", "samples.npz"
"""Beside `MEASURED`, which says what they were made from; the last where samples were measured here."""
FIRST_RULES = "first-rules.json"


class ElsewhereRun(Strict):
    """A run that was found: how it ended, as far as its numbers tell, at how many steps and until which."""

    seed: int
    status: Literal["completed", "diverged", "unfinished"]
    steps: int
    last: int


class ElsewhereRecord(Sealed):
    """What was found of an arm.

    `identity` is how its files were read, `content` a digest of them. `rules` are those of the study's claims on it
    when it was first read. `told` are notes for the reader. As JSON it is sealed.
    """

    arm: str
    identity: dict[str, Any]
    content: str
    runs: tuple[ElsewhereRun, ...] = Field(strict=False)
    rules: dict[str, Any]
    told: tuple[str, ...] = Field(strict=False)

    @property
    def config_sha256(self) -> str:
        """Digest of how its files were read."""
        return digest_of(self.identity)


def write_first_rules(folder: Path, rules: Mapping[str, Any]) -> None:
    """Keep the rules of claims on an arm when it was first read, in the folder of what is read of it.

    No output of a job, for such are removed before it runs.
    """
    write_json(folder / FIRST_RULES, sealed({"rules": dict(rules)}))


def read_first_rules(folder: Path) -> dict[str, Any] | None:
    """The rules that are kept there; None if there are none, or they are damaged."""
    with contextlib.suppress(RecordError, OSError, ValueError, KeyError, TypeError):
        return dict(unsealed(read_json(folder / FIRST_RULES))["rules"])
    return None


class ElsewhereFiles(NamedTuple):
    """The folder of what was read of an arm, its experiment, and what the study says of it."""

    experiment: str
    name: str
    folder: Path
    arm: ElsewhereArm

    @property
    def mend(self) -> str:
        """What reads the arm again."""
        return f"read it again (`vigan import --arm {self.name}`)"

    @property
    def written(self) -> list[Path]:
        """What reading it leaves, but for what that was made from."""
        names = (RECORD, METRICS, *([SAMPLES] if isinstance(self.arm.origin, Samples) else []))
        return [self.folder / name for name in names]

    def record(self) -> ElsewhereRecord:
        """What was found. Raises RecordError if it is missing, damaged, or of an arm that is described otherwise."""
        record = self.last_record()
        if record.arm != self.name or record.identity != self.arm.identity:
            raise RecordError(f"{self.folder / RECORD}: of an arm that is described otherwise; {self.mend}")
        return record

    def last_record(self) -> ElsewhereRecord:
        """What was found when it was read last, however. Raises RecordError if it is missing or damaged."""
        path = self.folder / RECORD
        try:
            return ElsewhereRecord.model_validate(unsealed(read_json(path)))
        except (ValidationError, ValueError):
            raise RecordError(f"{path}: damaged; {self.mend}") from None

    def stamp(self) -> Stamp:
        """What it was made from. Raises RecordError if that is not known, or if a file is not what was written."""
        path = self.folder / MEASURED
        stamp = read_stamp(path, self.mend)
        check_files(path, stamp, [self.folder / RECORD, self.folder / METRICS], self.mend)
        return stamp
