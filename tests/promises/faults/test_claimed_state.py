"""A run's state is continued by the config, code and data that began it, and by one process at a time."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest

from .nursery import Child, Nursery
from .stages import RUNS, Place
from .trap import STOPPED

pytestmark = pytest.mark.slow

RUN = (*RUNS[2], "--no-tensorboard", "--save-every", "0")


@pytest.fixture
def place(nursery: Nursery, tmp_path: Path) -> Place:
    return Place(tmp_path, nursery)


def stopped(place: Place) -> Child:
    """A training that has stopped after its second checkpoint."""
    trainer = place.nursery.start(place.folder, "train", "--config", "study.yaml", *RUN, trap=STOPPED)
    trainer.wait_until_stopped()
    return trainer


def interrupted(place: Place) -> Path:
    """State of a training that was killed after its second checkpoint."""
    trainer = stopped(place)
    trainer.signal(signal.SIGKILL)
    assert trainer.wait() == -signal.SIGKILL
    return next((place.folder / "state" / "tiny").iterdir())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda spec: spec["arm"].update(lambda_sum=2.0), "arm.lambda_sum"),
        (lambda spec: spec["arm"]["optimiser"].update(lr=1.0, eps=1.0), "arm.optimiser.eps, arm.optimiser.lr"),
        (lambda spec: spec.update(seed=7), "seed"),
        (lambda spec: spec["dataset"].pop("count"), "dataset.count"),
        (lambda spec: spec.update(code_sha256="0" * 64), "code_sha256"),
        (lambda spec: spec.update(data_sha256="0" * 64), "data_sha256"),
    ],
    ids=["lambda", "optimiser", "seed", "dataset", "code", "data"],
)
def test_a_state_of_another_config_code_or_data_is_refused_by_field(change, named: str, place: Place) -> None:
    claim = interrupted(place) / "spec.json"
    before = json.loads(claim.read_text())
    other = json.loads(claim.read_text())
    change(other)
    claim.write_text(json.dumps(other))
    assert f"made under another config ({named} differ); remove it to start anew" in place.refused("train", *RUN)
    claim.write_text(json.dumps(before))
    place.vigan("train", *RUN)


def test_of_two_trainers_of_one_run_the_second_is_refused_and_names_the_first(place: Place) -> None:
    first = stopped(place)
    assert f"process {first.pid} trains this run already; wait for it or stop it" in place.refused("train", *RUN)
    first.signal(signal.SIGCONT)
    assert first.wait() == 0


def test_ctrl_c_is_told_in_one_line_and_the_same_command_goes_on(place: Place) -> None:
    trainer = stopped(place)
    trainer.signal(signal.SIGINT)
    trainer.signal(signal.SIGCONT)
    assert trainer.wait() == 130
    assert "vigan: interrupted; run the same command to resume\n" in trainer.output()
    assert "Traceback" not in trainer.output()
    assert not list(place.folder.rglob("*.part"))
    place.vigan("train", *RUN)


def test_a_checkpoint_that_was_tampered_with_is_named_and_the_one_before_goes_on(place: Place) -> None:
    state = interrupted(place)
    before, newest = (seal.with_suffix(".safetensors") for seal in sorted(state.glob("checkpoint-*.json")))
    newest.write_bytes(b"\x80\x04cposix\nsystem\n(S'touch executed'\ntR.")
    told = place.vigan("train", *RUN)
    (why,) = re.findall(f"warning: {newest.relative_to(place.folder)}: (.+)", told)
    assert why.endswith(f"; going on from iteration {int(before.stem[-9:])}")
    assert not (place.folder / "executed").exists()
    assert not os.path.exists(state)
