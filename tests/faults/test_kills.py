"""Training runs killed at random moments end as those that were left alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from .nursery import Child, Nursery

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "VIGAN_FAULTS" not in os.environ, reason="kills at moments that race with the machine; set VIGAN_FAULTS=1"
    ),
]

STUDY = Path(__file__).with_name("killed.yaml")
ITERATIONS, PATIENCE = 60, 120.0
KILLS = {
    "bn-released": 4, "bn-literal": 3, "bn-proximal": 4,
    "nobn-released": 4, "nobn-literal": 3, "nobn-proximal": 4,
    "ring-released": 3,
}  # fmt: skip


class Fate(NamedTuple):
    """What became of one arm: files of the run left alone, files of the killed run, and where the kills fell."""

    left_alone: dict[str, bytes]
    killed: dict[str, bytes]
    kills: int
    in_a_write: int
    resumed: int


class Place:
    """The study in a folder, its data prepared and measured."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        self.folder, self.nursery = folder, nursery
        for dataset, kind in (("digits", "pixel-bins-32"), ("ring", "toy-modes")):
            self.vigan("prepare", "--dataset", dataset)
            self.vigan("reference", "--dataset", dataset, "--protocol", f"{kind}/n=500/ref=train", "--device", "cpu")

    def vigan(self, stage: str, *arguments: str) -> None:
        self.nursery.vigan(self.folder, stage, "--config", str(STUDY), *arguments)

    def train(self, arm: str) -> Child:
        """A training that writes a checkpoint after every iteration."""
        return self.nursery.start(
            self.folder, "train", "--config", str(STUDY), "--arm", arm, "--seed", "0", "--device", "cpu",
            "--save-every", "0", "--no-tensorboard",
        )  # fmt: skip

    def states(self, arm: str, pattern: str) -> list[Path]:
        return list((self.folder / "state" / "killed").glob(f"{arm}-*/{pattern}"))

    def reached(self, arm: str) -> int:
        """Iteration of the newest checkpoint, -1 without one."""
        return max((int(path.stem[-9:]) for path in self.states(arm, "checkpoint-*.json")), default=-1)

    def in_a_write(self, arm: str) -> bool:
        """Whether a file is half written, or a checkpoint has no seal yet."""
        seals = {path.stem for path in self.states(arm, "checkpoint-*.json")}
        payloads = {path.stem for path in self.states(arm, "checkpoint-*.safetensors")}
        return bool(self.states(arm, ".*.part") or payloads - seals)

    def taken(self, arm: str) -> dict[str, bytes]:
        """Record (without its seconds), telemetry, snapshots and metrics of a run that has ended; they are removed."""
        self.vigan("evaluate", "--arm", arm, "--seed", "0", "--device", "cpu", "--threads", "1")
        run = self.folder / "results" / "killed" / "runs" / arm / arm.partition("-")[2] / "seed-0"
        files = {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}
        record = json.loads(files["run.json"])
        shutil.rmtree(run)
        return files | {"run.json": json.dumps(record | {"seconds": 0}).encode()}


def kill(place: Place, arm: str, after: int, delay: float) -> tuple[bool, bool]:
    """Kill a training `delay` seconds after its checkpoint of an iteration: whether in a write, whether it went on."""
    before, trainer = place.reached(arm), place.train(arm)
    deadline = time.monotonic() + PATIENCE
    while place.reached(arm) < after and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(delay)
    trainer.signal(signal.SIGKILL)
    assert trainer.wait() == -signal.SIGKILL, trainer.output()
    return place.in_a_write(arm), before >= 0


def fate(place: Place, arm: str, draws: np.random.Generator) -> Fate:
    """The first kill falls anywhere from the start of the process on, each later one behind a drawn iteration."""
    assert place.train(arm).wait() == 0
    left_alone = place.taken(arm)
    moments = [-1, *sorted(draws.integers(1, ITERATIONS * 3 // 4, KILLS[arm] - 1))]
    delays = [draws.uniform(0, 1.0), *draws.uniform(0, 0.03, KILLS[arm] - 1)]
    kills = [kill(place, arm, after, delay) for after, delay in zip(moments, delays, strict=True)]
    assert place.train(arm).wait() == 0
    assert not place.states(arm, "")
    return Fate(left_alone, place.taken(arm), len(kills), sum(w for w, _ in kills), sum(went for _, went in kills) + 1)


@pytest.fixture(scope="module")
def fates(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Fate]:
    """What became of every arm."""
    place, draws = Place(tmp_path_factory.mktemp("killed"), nursery), np.random.default_rng(2018)
    return {arm: fate(place, arm, draws) for arm in KILLS}


@pytest.mark.parametrize("arm", KILLS)
def test_weights_traces_snapshots_and_metrics_of_a_killed_run_are_those_of_one_left_alone(
    arm: str, fates: dict[str, Fate]
) -> None:
    left_alone, killed = fates[arm].left_alone, fates[arm].killed
    assert {"run.json", "telemetry.csv", "metrics.csv", "samples.npz", "snapshots/000000060.safetensors"} <= set(killed)
    assert [name for name in left_alone if left_alone[name] != killed.get(name)] == []
    assert set(left_alone) == set(killed)


def test_twenty_five_kills_were_survived_some_of_them_within_a_write(fates: dict[str, Fate]) -> None:
    kills, in_a_write, resumed = (
        sum(getattr(f, n) for f in fates.values()) for n in ("kills", "in_a_write", "resumed")
    )
    print(f"{kills} kills, {in_a_write} of them within the write of a checkpoint, {resumed} resumptions from one")
    assert kills == 25
    assert in_a_write >= 1
    assert resumed >= 18
