"""Schemas of the files between stages. Nothing here imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import ValidationError

from vigan.config.arms import Ledger, RunSpec
from vigan.config.base import Strict
from vigan.records import RecordError, read_json


class RunFiles(NamedTuple):
    """Where a run's files lie, and its experiment."""

    experiment: str
    folder: Path


class RunRecord(Strict):
    """What a training run says of itself, written last: its existence means the run has ended.

    `seconds` is training time (it varies from run to run and enters no table that is compared).
    """

    spec: RunSpec
    status: Literal["completed", "diverged"]
    iterations: int
    ledger: Ledger
    weights_sha256: str
    data_sha256: str
    code_sha256: str
    device: str
    threads: int
    versions: dict[str, str]
    seconds: float


def read_run(path: Path) -> RunRecord:
    """A run's record. Raises RecordError naming the file if it is not one."""
    try:
        return RunRecord.model_validate(read_json(path))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise RecordError(f"{path}: not a run record ({where}: {problem['msg']}); train the run again") from None
