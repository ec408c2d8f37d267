"""The record of a run, run.json. Nothing here imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError, field_validator

from vigan.config.arms import Ledger, RunSpec
from vigan.config.base import differing_fields, digest_of
from vigan.io.files import RecordError, holds, read_json
from vigan.io.renamed import as_current
from vigan.io.stamp import Sealed, Stamp, check_files, read_stamp, unsealed

MEASURED = "measured.json"
"""Beside a run's numbers: what they were measured from."""
SEPARATOR = ", then "
"""Stands between the devices of a run that was resumed on another, and between its versions of a library."""


class RunFiles(NamedTuple):
    """A run's folder, its experiment, and the spec it must have been trained with."""

    experiment: str
    folder: Path
    spec: RunSpec

    def record(self) -> RunRecord:
        """The run's record. Raises RecordError if it is missing, damaged, or was trained under another config."""
        return read_run(self.folder / "run.json", self.spec)

    @property
    def mend(self) -> str:
        """What measures the run again."""
        return f"evaluate the run again (`vigan evaluate --arm {self.spec.name} --seed {self.spec.seed}`)"

    def measured(self, record: RunRecord, *files: str) -> Stamp:
        """What the run was measured from. Raises RecordError if it was another run, or if `files` are damaged."""
        path = self.folder / MEASURED
        stamp = read_stamp(path, self.mend)
        if stamp.made_from.get("run") != record.identity:
            raise RecordError(f"{path}: of another run than lies beside it; {self.mend}")
        check_files(path, stamp, [self.folder / file for file in files], self.mend)
        return stamp


def train_again(spec: RunSpec | None) -> str:
    """What trains a run again, with its command where the run is known."""
    return "train the run again" + (f" (`vigan train --arm {spec.name} --seed {spec.seed}`)" if spec else "")


class RunRecord(Sealed):
    """The record of a training run, written last: if it exists, the run has ended.

    `device` names the devices it was trained on, in order (`SEPARATOR`). `seconds` is training time, `joules`
    what the energy counters of "cpu" and "gpu" counted meanwhile, where there are any (these vary from run to run and
    enter no table that is compared). `rules` are those of the study's claims on its arm, by id, as they were when the
    run was made. As JSON it is sealed; records of earlier versions are not, and do not know their telemetry's digest.
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
    telemetry_sha256: str | None = None

    @field_validator("spec", mode="before")
    @classmethod
    def _as_today(cls, spec: Any) -> Any:
        return as_current(spec)

    @property
    def reached(self) -> list[int]:
        """The iterations of the spec's snapshots that the run reached, ascending."""
        return [step for step in self.spec.snapshots if step <= self.iterations]

    @property
    def made_from(self) -> dict[str, str]:
        """What decided the run: digests of its config, its data and the code that trained it."""
        return {"config": self.spec.digest, "data": self.data_sha256, "code": self.code_sha256}

    @property
    def identity(self) -> str:
        """Digest of the run, whatever it cost and wherever it was made."""
        own = {"seal", "seconds", "joules", "device", "threads", "versions"}
        return digest_of({name: value for name, value in self.model_dump(mode="json").items() if name not in own})

    def check_telemetry(self, path: Path) -> None:
        """Raise RecordError naming the telemetry unless it is what was written."""
        if self.telemetry_sha256 is not None and not holds(path, self.telemetry_sha256):
            raise RecordError(f"{path}: missing, or not what was written; {train_again(self.spec)}")

    def check_snapshots(self, folder: Path) -> None:
        """Raise RecordError naming a snapshot that is missing or is not what was saved."""
        if sorted(self.snapshots_sha256) != [f"{step:09d}.safetensors" for step in self.reached]:
            raise RecordError(f"{folder}: its record names other snapshots than the run's; {train_again(self.spec)}")
        for name, digest in self.snapshots_sha256.items():
            if not holds(folder / name, digest):
                raise RecordError(f"{folder / name}: missing, or not what was saved; {train_again(self.spec)}")


def read_run(path: Path, spec: RunSpec | None = None) -> RunRecord:
    """A run's record. Raises RecordError naming the file if it is not one, or is of another run than `spec`."""
    try:
        record = RunRecord.model_validate(unsealed(read_json(path)))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise RecordError(f"{path}: not a run record ({where}: {problem['msg']}); {train_again(spec)}") from None
    except ValueError as error:
        raise RecordError(f"{path}: {error}; {train_again(spec)}") from None
    if spec is not None and record.spec != spec:
        fields = ", ".join(differing_fields(spec.model_dump(mode="json"), record.spec.model_dump(mode="json")))
        raise RecordError(f"{path}: trained under another config ({fields} differ); delete it and {train_again(spec)}")
    return record
