"""Training runs killed at random moments end as those that were left alone.

Each kills itself, by a real SIGKILL, at a moment that was drawn before; see `trap`. Every arm is killed once at any
moment, once at a place of its own and once within its results; with VIGAN_SOAK (`make test-faults`) more often.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from .nursery import Nursery
from .trap import WITHIN_A_CHECKPOINT, WITHIN_THE_END, WITHIN_THE_RESULTS, Trap

pytestmark = [pytest.mark.slow, pytest.mark.soak]

STUDY = Path(__file__).with_name("killed.yaml")
ITERATIONS = 60
OFTEN = {
    "bn-released": 4, "bn-literal": 3, "bn-proximal": 4,
    "nobn-released": 4, "nobn-literal": 3, "nobn-proximal": 4,
    "ring-released": 3,
}  # fmt: skip
KILLS = OFTEN if "VIGAN_SOAK" in os.environ else dict.fromkeys(OFTEN, 2)
"""How often each arm is killed before its results are written."""

TIMES = 2 if KILLS == OFTEN else 1
"""How often a training dies at each place within the write of a checkpoint."""


class Kill(NamedTuple):
    """One kill: whether a checkpoint stayed half written, and whether the training had gone on from an earlier one."""

    in_a_write: bool
    resumed: bool


class Fate(NamedTuple):
    """What became of one arm: files of the run left alone, files of the killed run, its kills, its end's resumption."""

    left_alone: dict[str, bytes]
    killed: dict[str, bytes]
    kills: list[Kill]
    resumed: bool


class Place:
    """The study in a folder, its data prepared and measured."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        self.folder, self.nursery = folder, nursery
        for dataset, kind in (("digits", "pixel-bins-32"), ("ring", "toy-modes")):
            self.vigan("prepare", "--dataset", dataset)
            self.vigan("reference", "--dataset", dataset, "--protocol", f"{kind}/n=500/ref=train", "--device", "cpu")

    def vigan(self, stage: str, *arguments: str) -> None:
        self.nursery.vigan(self.folder, stage, "--config", str(STUDY), *arguments)

    def train(self, arm: str, trap: Trap | None = None) -> int:
        """Exit code, or minus the signal, of a training that writes a checkpoint after every iteration."""
        return self.nursery.start(
            self.folder, "train", "--config", str(STUDY), "--arm", arm, "--seed", "0", "--device", "cpu",
            "--save-every", "0", "--no-tensorboard", trap=trap,
        ).wait()  # fmt: skip

    def states(self, arm: str, pattern: str) -> list[Path]:
        return list((self.folder / "state" / "killed").glob(f"{arm}-*/{pattern}"))

    def resumable(self, arm: str) -> bool:
        return bool(self.states(arm, "checkpoint-*.json"))

    def half_written(self, arm: str) -> set[str]:
        """Parts of files, and checkpoints without a seal."""
        seals = {path.stem for path in self.states(arm, "checkpoint-*.json")}
        payloads = {path.stem for path in self.states(arm, "checkpoint-*.safetensors")}
        return {path.name for path in self.states(arm, ".*.part")} | (payloads - seals)

    def taken(self, arm: str) -> dict[str, bytes]:
        """Record (without its seconds), telemetry, snapshots and metrics of a run that has ended; they are removed."""
        self.vigan("evaluate", "--arm", arm, "--seed", "0", "--device", "cpu", "--threads", "1")
        run = self.folder / "results" / "killed" / "runs" / arm / arm.partition("-")[2] / "seed-0"
        files = {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}
        record = json.loads(files["run.json"])
        shutil.rmtree(run)
        return files | {"run.json": json.dumps(record | {"seconds": 0, "joules": {}, "seal": ""}).encode()}


def traps(kills: int, places: Iterator[str], last: str, draws: np.random.Generator) -> list[Trap]:
    """The first falls anywhere from the start of the process on, each other at or behind a drawn iteration.

    The last one falls while the results are written.
    """
    moments = sorted(draws.choice(np.arange(4, ITERATIONS * 3 // 4), kills - 1, replace=False).tolist())
    first = Trap("any", before=moments[0], delay=draws.uniform(0, 0.5))
    windows = zip(moments, [*moments[1:], ITERATIONS], strict=True)
    return [
        first,
        *(Trap(next(places), after, before, draws.uniform(0, 0.03)) for after, before in windows),
        Trap(last),
    ]


def kill(place: Place, arm: str, trap: Trap) -> Kill:
    half_written, resumed = place.half_written(arm), place.resumable(arm)
    assert place.train(arm, trap) == -signal.SIGKILL, trap
    in_a_write = bool(place.half_written(arm) - half_written)
    assert in_a_write or trap.place not in WITHIN_A_CHECKPOINT, trap
    return Kill(in_a_write, resumed)


def fate(place: Place, arm: str, laid: list[Trap]) -> Fate:
    assert place.train(arm) == 0
    left_alone = place.taken(arm)
    kills = [kill(place, arm, trap) for trap in laid]
    resumed = place.resumable(arm)
    assert place.train(arm) == 0
    assert not place.states(arm, "")
    return Fate(left_alone, place.taken(arm), kills, resumed)


@pytest.fixture(scope="module")
def place(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("killed"), nursery)


@pytest.fixture(scope="module")
def fates(place: Place) -> dict[str, Fate]:
    """What became of every arm."""
    draws, drawn = np.random.default_rng(2018), [*WITHIN_A_CHECKPOINT] * TIMES
    anywhere = sum(KILLS.values()) - len(KILLS) - len(drawn)
    places = iter(draws.permutation([*drawn, *["any"] * anywhere]).tolist())
    last = itertools.cycle(WITHIN_THE_RESULTS)
    return {arm: fate(place, arm, traps(kills, places, next(last), draws)) for arm, kills in KILLS.items()}


@pytest.mark.parametrize("arm", KILLS)
def test_weights_traces_snapshots_and_metrics_of_a_killed_run_are_those_of_one_left_alone(
    arm: str, fates: dict[str, Fate]
) -> None:
    left_alone, killed = fates[arm].left_alone, fates[arm].killed
    assert {"run.json", "telemetry.csv", "metrics.csv", "samples.npz", "snapshots/000000060.safetensors"} <= set(killed)
    assert [name for name in left_alone if left_alone[name] != killed.get(name)] == []
    assert set(left_alone) == set(killed)


def test_every_kill_was_survived_those_within_a_write_too(fates: dict[str, Fate]) -> None:
    kills = [kill for found in fates.values() for kill in found.kills]
    in_a_write = sum(kill.in_a_write for kill in kills)
    resumed = sum(kill.resumed for kill in kills) + sum(found.resumed for found in fates.values())
    print(
        f"{len(kills)} kills, {in_a_write} of them within the write of a checkpoint and {len(fates)} within that of "
        f"the results, {resumed} resumptions from a checkpoint"
    )
    assert len(kills) == sum(KILLS.values()) + len(KILLS)
    assert in_a_write >= TIMES * len(WITHIN_A_CHECKPOINT)
    assert resumed >= sum(KILLS.values())


def test_a_run_killed_while_its_state_is_removed_is_whole_again(place: Place, fates: dict[str, Fate]) -> None:
    assert place.train("ring-released", Trap(WITHIN_THE_END)) == -signal.SIGKILL
    assert place.train("ring-released") == 0
    assert place.taken("ring-released") == fates["ring-released"].left_alone
