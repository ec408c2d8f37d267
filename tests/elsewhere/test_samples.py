"""Samples in folders: seed and step by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigan.elsewhere.samples import snapshots
from vigan.io.files import RecordError

ROOT = Path("runs")


def found(*names: str) -> dict[tuple[int, int], str]:
    places = snapshots(ROOT, [ROOT / name for name in names])
    return {key: str(place.relative_to(ROOT)) for key, place in places.items()}


def test_folders_and_arrays_are_of_the_seed_and_step_that_their_names_end_in() -> None:
    assert found("seed-1/step-20/a.png", "seed-1/step-20/b.png", "seed-1/step-3/x/a.png", "0/100.npz") == {
        (0, 100): "0/100.npz", (1, 3): "seed-1/step-3", (1, 20): "seed-1/step-20",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a.png"], "not in a folder of a seed"),
        (["seed-0/a.png"], "not in a folder of a step"),
        (["first/step-1/a.png"], "ends in no seed"),
        (["seed-0/last/a.png"], "ends in no step"),
        (["seed-0/step-1/a.png", "seed-0/1.npz"], "both of seed 0, step 1"),
        (["seed-0/step-1/a.png", "s0/step-1/a.png"], "both of seed 0, step 1"),
    ],
)
def test_what_lies_anywhere_else_is_told(names: list[str], words: str) -> None:
    with pytest.raises(RecordError, match=words):
        found(*names)
