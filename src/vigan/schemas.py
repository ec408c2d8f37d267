"""Schemas of the files between stages. Nothing here imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import ValidationError

from vigan.config.arms import Ledger, RunSpec
from vigan.config.base import Strict
from vigan.records import RecordError, read_json

METRIC_COLUMNS = (
    "study", "experiment", "arm", "reading", "seed", "step", "images", "d_updates", "g_updates",
    "metric", "protocol", "value", "status",
)  # fmt: skip
"""The long table: one number a row. `images` are the real images shown to D by `step` iterations."""


TABLES = {
    "arms": "every arm, all its settings",
    "runs": "every run: how it ended, what it cost, digests of weights, data, code and config",
    "timing": "every run: seconds and library versions (differ between machines)",
    "metrics": "the long table: one number a row",
    "telemetry": "every logged iteration of every run",
    "floors": "real data measured against real data, per protocol",
    "curves": "metrics over training: n, mean, lowest, highest over seeds",
    "telemetry-curves": "telemetry over training: n, mean, lowest, highest over seeds",
    "scores": "last, best and area of every run",
    "summary": "last, best and area over seeds",
    "pairs": "last values seed by seed: regularised minus plain",
    "pair-summary": "those differences over seeds, and in how many seeds the regularised arm is better",
}
"""The tables of a study and what each holds; each is `tables/NAME.csv`."""

FIGURES = {
    "curves": "metrics over training: mean and range over seeds, and what real data score",
    "samples": "samples along training on the same latents, arms one below the other, first seed of the study",
    "telemetry": "losses, D's accuracy, penalty, drift and gradient ratio over training",
}
"""The figures of every experiment and what each shows; each is `figures/STUDY/KIND-EXPERIMENT.svg`."""


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
