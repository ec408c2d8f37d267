"""The power goes at any moment of a training: what is on disk then is gone on with, to the same bits.

A training is recorded call by call; for each moment disks are made that hold what was synced and a part of what was
not, and the same command is run on each.
"""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from vigan.config.arms import RunSpec
from vigan.config.base import digest_of
from vigan.data.prepare import prepare
from vigan.io.run_record import RunRecord, read_run
from vigan.stages.train import Settings, train
from vigan.training.checkpoint import load_newest

from .power import Disk

pytestmark = pytest.mark.slow

SPEC = RunSpec.model_validate(
    {
        "name": "toy", "seed": 0, "iterations": 4, "snapshots": (0, 2, 4), "log_every": 2,
        "dataset": {"source": "ring", "count": 50},
        "arm": {
            "network": {"kind": "mlp", "width": 4}, "reading": "released", "d_batches": 1, "g_batches": 1,
            "batch_size": 4, "lambda_sum": 1.0,
        },
    }
)  # fmt: skip
OLDER = SPEC.model_copy(update={"seed": 1})
OFTEN = Settings("cpu", 1, 0.0)


class CapturedEngine(NamedTuple):
    """A recorded training: the disk, the data set, what it left, and of which moment on a checkpoint was sealed."""

    disk: Disk
    data: Path
    left: dict[str, bytes]
    record: RunRecord
    sealed_at: list[int]


def results(out: Path) -> dict[str, bytes]:
    names = [path for path in sorted(out.rglob("*")) if path.is_file() and path.name != "run.json"]
    return {str(path.relative_to(out)): path.read_bytes() for path in names}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> CapturedEngine:
    """A training recorded from its start to its end, in a folder where an older one's results lie."""
    root, data = tmp_path_factory.mktemp("disk"), tmp_path_factory.mktemp("data")
    prepare(SPEC.dataset, data)
    train(OLDER, data, root / "out", root / "older", OFTEN)
    (root / "out" / "metrics.csv").write_text("of the older training")
    disk, sealed_at = Disk(root), list[int]()
    with pytest.MonkeyPatch.context() as patch, disk.recording(patch):
        record = train(
            SPEC, data, root / "out", root / "state", OFTEN, (lambda *_: sealed_at.append(len(disk.moments)),)
        )
    return CapturedEngine(disk, data, results(root / "out"), record, sealed_at)


def disks(recorded: CapturedEngine, moment: int, folder: Path) -> list[Path]:
    """Three disks of a moment: only what was synced, all names with what was synced, names drawn."""
    made = [folder / name for name in ("synced", "named", "drawn")]
    recorded.disk.moments[moment].write(made[0], None)
    recorded.disk.moments[moment].write(made[1], None, latest=True)
    recorded.disk.moments[moment].write(made[2], random.Random(moment))
    return made


def check(recorded: CapturedEngine, moment: int, disk: Path) -> None:
    out, state, here = disk / "out", disk / "state", f"moment {moment} of {len(recorded.disk.moments)}, {disk.name}"
    done = out / "run.json"
    if done.exists():
        record = read_run(done)
        record.check_snapshots(out / "snapshots")
        assert record.spec in (SPEC, OLDER), here
        assert record.spec == OLDER or {**recorded.left, **results(out)} == results(out), here
    record = train(SPEC, recorded.data, out, state, Settings("cpu"))
    assert record.weights_sha256 == recorded.record.weights_sha256, here
    assert results(out) == recorded.left, here
    assert not state.exists(), here
    assert sorted(path.name for path in disk.iterdir()) == ["out"], here


def test_whenever_the_power_goes_the_same_command_ends_with_the_same_bits(
    recorded: CapturedEngine, tmp_path: Path
) -> None:
    for moment in range(len(recorded.disk.moments)):
        for disk in disks(recorded, moment, tmp_path):
            check(recorded, moment, disk)
            shutil.rmtree(disk)
    print(f"{len(recorded.disk.moments)} moments, three disks each")
    assert len(recorded.disk.moments) > 100


def test_a_finished_training_is_on_disk(recorded: CapturedEngine, tmp_path: Path) -> None:
    for disk in disks(recorded, -1, tmp_path):
        assert results(disk / "out") == recorded.left
        assert read_run(disk / "out" / "run.json") == recorded.record


def finished(disk: Path) -> bool:
    done = disk / "out" / "run.json"
    return done.exists() and read_run(done).spec == SPEC


def checkpointed(disk: Path) -> bool:
    claim = disk / "state" / "spec.json"
    return claim.exists() and load_newest(disk / "state", digest_of(json.loads(claim.read_text())))[0] is not None


def test_from_the_first_checkpoint_on_no_disk_is_without_one_or_the_results(
    recorded: CapturedEngine, tmp_path: Path
) -> None:
    """The checkpoint of iteration 1 is sealed when the observer sees iteration 2."""
    lost = []
    for moment in range(recorded.sealed_at[1], len(recorded.disk.moments)):
        for disk in disks(recorded, moment, tmp_path):
            if not (finished(disk) or checkpointed(disk)):
                lost.append((moment, disk.name))
            shutil.rmtree(disk)
    assert lost == []
