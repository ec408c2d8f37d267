"""Schemas of the files between stages. Nothing here imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError, field_validator

from vigan.config.arms import Ledger, RunSpec
from vigan.config.base import Strict, differing_fields
from vigan.io.files import RecordError, read_json, sha256_file
from vigan.io.renamed import as_current

DEVICE_SEPARATOR = ", then "
"""Between the names of the devices of a run that was resumed on another."""


class RunFiles(NamedTuple):
    """Where a run's files lie, its experiment, and what it must have been trained with."""

    experiment: str
    folder: Path
    spec: RunSpec

    def record(self) -> RunRecord:
        """The run's record. Raises RecordError if it is missing, damaged, or was trained under another config."""
        return read_run(self.folder / "run.json", self.spec)


class RunRecord(Strict):
    """What a training run says of itself, written last: its existence means the run has ended.

    `device` names the devices it was trained on, in order (`DEVICE_SEPARATOR`). `seconds` is training time, `joules`
    what the energy counters of "cpu" and "gpu" counted meanwhile, where there are any (these vary from run to run and
    enter no table that is compared). `rules` are those of the study's claims on its arm, by id, as they were when the
    run was made.
    """

    spec: RunSpec
    status: Literal["completed", "diverged"]
    iterations: int
    ledger: Ledger
    weights_sha256: str
    snapshots_sha256: dict[str, str]
    data_sha256: str
    code_sha256: str
    device: str
    threads: int
    versions: dict[str, str]
    seconds: float
    joules: dict[str, float] = Field(default_factory=dict)
    rules: dict[str, Any]

    @field_validator("spec", mode="before")
    @classmethod
    def _as_today(cls, spec: Any) -> Any:
        return as_current(spec)

    @property
    def reached(self) -> list[int]:
        """The iterations of the spec's snapshots that the run reached, ascending."""
        return [step for step in self.spec.snapshots if step <= self.iterations]

    def check_snapshots(self, folder: Path) -> None:
        """Raise RecordError naming a snapshot that is missing or is not what was saved."""
        if sorted(self.snapshots_sha256) != [f"{step:09d}.safetensors" for step in self.reached]:
            raise RecordError(f"{folder}: its record names other snapshots than the run's; train the run again")
        for name, digest in self.snapshots_sha256.items():
            if not (folder / name).is_file() or sha256_file(folder / name) != digest:
                raise RecordError(f"{folder / name}: missing, or not what was saved; train the run again")


def read_run(path: Path, spec: RunSpec | None = None) -> RunRecord:
    """A run's record. Raises RecordError naming the file if it is not one, or is of another run than `spec`."""
    try:
        record = RunRecord.model_validate(read_json(path))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise RecordError(f"{path}: not a run record ({where}: {problem['msg']}); train the run again") from None
    if spec is not None and record.spec != spec:
        fields = ", ".join(differing_fields(spec.model_dump(mode="json"), record.spec.model_dump(mode="json")))
        raise RecordError(f"{path}: trained under another config ({fields} differ); delete it and train the run again")
    return record
