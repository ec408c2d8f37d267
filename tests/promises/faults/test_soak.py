"""A study again and again, killed at random moments: the same results, and nothing piles up.

The tiny study, stage by stage, each time; the smoke study as often as VIGAN_SOAK says (`make test-faults`), through
Snakemake.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from .nursery import Nursery
from .processes import NEEDED
from .soak import Round, Soak, varies
from .stages import STAGES, Place
from .trap import Trap

pytestmark = [pytest.mark.slow, pytest.mark.soak, NEEDED]

ROUNDS = int(os.environ.get("VIGAN_SOAK", "0"))


def killed_round(place: Place, draws: np.random.Generator) -> tuple[int, int]:
    """Every stage, killed at a random time of its own and begun again: how often it was killed; most memory, KiB."""
    kills = most = 0
    for stage in STAGES:
        trap = Trap(delay=draws.uniform(0, 0.1))
        killed = place.nursery.start(place.folder, stage[0], "--config", "study.yaml", *stage[1:], trap=trap)
        kills += killed.wait() == -signal.SIGKILL
        again = place.nursery.start(place.folder, stage[0], "--config", "study.yaml", *stage[1:])
        assert again.wait() == 0, again.output()
        most = max(most, again.memory)
    return kills, most


def results(place: Place) -> dict[str, bytes]:
    return {name: content for name, content in place.files().items() if not varies(Path(name))}


def test_a_study_whose_every_stage_is_killed_ends_as_one_left_alone_and_leaves_nothing_behind(
    nursery: Nursery, left_alone: Place, tmp_path: Path
) -> None:
    draws, killed = np.random.default_rng(5), Place(tmp_path, nursery)
    kills, memory = zip(*(killed_round(killed, draws) for _ in range(2)), strict=True)
    print(
        f"{sum(kills)} of {2 * len(STAGES)} stages killed before they were done; {max(memory) / 1024:.0f} MiB at most"
    )
    assert sum(kills) >= len(STAGES)
    assert results(killed) == results(left_alone)
    assert memory[1] < 1.1 * memory[0]
    assert not [path for path in (killed.folder / "state").rglob("*") if path.is_file()]


@pytest.mark.skipif(not ROUNDS, reason="VIGAN_SOAK is not set: rounds of the smoke study, such as 10")
def test_the_smoke_study_again_and_again(tmp_path: Path) -> None:
    soak, draws = Soak(tmp_path), np.random.default_rng(11)
    rounds: list[Round] = []
    for number in range(1, ROUNDS + 1):
        rounds.append(soak.round(draws))
        print(f"round {number}: {rounds[-1]}", flush=True)
    first = rounds[0]
    assert [number for number, other in enumerate(rounds, 1) if other.results != first.results] == []
    assert [other.leftovers for other in rounds if other.leftovers] == []
    assert max(other.memory for other in rounds) < 1.2 * first.memory
    assert max(other.disk for other in rounds) < 1.1 * first.disk
