"""After a parameter was changed, no stage shows numbers of the old one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from studies import TINY

from .nursery import Nursery
from .stages import REPORT, RUNS, Place

pytestmark = pytest.mark.slow

EDITED = TINY.replace("lambda_sum: 1.0", "lambda_sum: 2.0")
RUN = RUNS[2]
RESULT = "results/tiny/runs/regularised/released/seed-0"
CURVES = ("figure", "--kind", "curves", "--experiment", "circle")


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


@pytest.fixture
def place(left_alone: Place, nursery: Nursery, tmp_path: Path) -> Place:
    """A copy of the finished study whose lambda was changed since."""
    shutil.copytree(left_alone.folder, tmp_path / "copy")
    copy = Place(tmp_path / "copy", nursery)
    copy.write(EDITED)
    return copy


@pytest.mark.parametrize("stage", [("evaluate", *RUN), ("analyse",), ("frames", "--experiment", "circle")], ids=str)
def test_runs_of_another_lambda_are_refused_by_its_name(stage: tuple[str, ...], place: Place) -> None:
    before = place.files()
    assert "trained under another config (arm.lambda_sum differ)" in place.refused(*stage)
    assert place.files() == before


@pytest.mark.parametrize("stage", [CURVES, REPORT], ids=["figure", "report"])
def test_tables_of_another_lambda_are_neither_drawn_nor_reported(stage: tuple[str, ...], place: Place) -> None:
    before = place.files()
    assert "arm 'regularised', seed 0 is not there, not in the study, or under another config" in place.refused(*stage)
    assert place.files() == before


def test_a_run_trained_again_leaves_no_numbers_of_the_one_before(place: Place) -> None:
    for run in RUNS[2:]:
        place.vigan("train", *run, "--no-tensorboard")
    assert "measured.json: not there yet; type: vigan evaluate" in place.refused("analyse")


def test_once_all_is_made_again_all_is_of_the_new_lambda(place: Place) -> None:
    before = place.files()
    place.finish()
    after = place.files()
    made = ("tables/arms.csv", "tables/runs.csv", "tables/telemetry.csv", "tables/telemetry-curves.csv", "report.html")
    assert all(after[f"results/tiny/{name}"] != before[f"results/tiny/{name}"] for name in made)
    assert after["figures/tiny/telemetry-circle.svg"] != before["figures/tiny/telemetry-circle.svg"]
    same = {name for name in before if "/plain/" in name and not name.endswith("run.json")}  # run.json tells times
    assert same
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:-9]), Path.unlink, _flip],
                         ids=["truncated", "lost", "flipped"])  # fmt: skip
def test_a_snapshot_that_is_not_what_was_saved_is_not_measured(damage: Callable[[Path], object], place: Place) -> None:
    place.write(TINY)
    snapshot = sorted((place.folder / RESULT / "snapshots").iterdir())[1]
    damage(snapshot)
    assert f"{snapshot.name}: missing, or not what was saved" in place.refused("evaluate", *RUN)
