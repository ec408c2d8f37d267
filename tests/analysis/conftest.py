"""Long tables and run folders small enough to be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from vigan.config.arms import Arm, Ledger, Mlp, RunSpec
from vigan.config.datasets import Ring
from vigan.io.files import write_json
from vigan.io.run_record import RunFiles, RunRecord
from vigan.io.run_tables import METRIC_COLUMNS

PROTOCOL = "toy-modes/n=500/ref=train"


def values_of(
    points: Sequence[tuple[int, float]],
    *,
    metric: str = "modes",
    arm: str = "plain",
    seed: int = 0,
    status: str = "completed",
) -> pd.DataFrame:
    """Rows of the study's long table: one run's (step, value) points of one metric."""
    rows = [
        (arm, "released", seed, step, 0, 0, 0, metric, PROTOCOL, value, status) for step, value in points
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(METRIC_COLUMNS))
    table.insert(0, "experiment", "ring")
    return table


def runs_of(*rows: tuple[str, int, str]) -> pd.DataFrame:
    """What `summary` reads of the table of runs: arm, seed and status of each."""
    return pd.DataFrame(rows, columns=["arm", "seed", "status"])


def spec_of(weight: float = 0.0, seed: int = 0) -> RunSpec:
    """A run on the ring with lambda `weight`."""
    return RunSpec(
        name="plain",
        arm=Arm(network=Mlp(kind="mlp"), reading="released", d_batches=1, g_batches=1, lambda_sum=weight),
        dataset=Ring(source="ring", count=100),
        seed=seed,
        iterations=60,
        snapshots=(0, 60),
        log_every=20,
    )


@pytest.fixture
def trained(tmp_path: Path) -> RunFiles:
    """The files of a run of `spec_of()`: record, telemetry of two iterations, two numbers."""
    spec = spec_of()
    record = RunRecord(
        spec=spec, status="completed", iterations=60, ledger=Ledger.of(spec.arm, 60), weights_sha256="w",
        snapshots_sha256={}, data_sha256="d", code_sha256="c", device="cpu", threads=1,
        versions={"torch": "2"}, seconds=1.5, rules={},
    )  # fmt: skip
    folder = tmp_path / "seed-0"
    write_json(folder / "run.json", record.model_dump(mode="json"))
    (folder / "telemetry.csv").write_text("iteration,d_loss\n20,1.0\n40,0.5\n")
    table = values_of([(0, 1.0), (60, 8.0)])[list(METRIC_COLUMNS)]
    (folder / "metrics.csv").write_text(table.to_csv(index=False))
    return RunFiles("ring", folder, spec)
