"""Slots on pretend GPUs: how many jobs share one, who gets which, and what a killed job leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from vigan.runtime import gpu_slots, settings
from vigan.runtime.gpu_slots import folder, reserve_gpu

JOB = """
import os, sys, time
from pathlib import Path
from vigan.runtime.gpu_slots import reserve_gpu
with reserve_gpu() as device:
    note = Path(sys.argv[1]) / f"{os.getpid()}.{os.environ['CUDA_VISIBLE_DEVICES']}"
    assert device == os.environ["CUDA_VISIBLE_DEVICES"]
    note.touch()
    time.sleep(float(sys.argv[2]))
    note.unlink()
"""


class Jobs:
    """Processes that each take a slot, and the notes they leave while they hold it."""

    def __init__(self, place: Path) -> None:
        self.place, self.started = place, list[subprocess.Popen[bytes]]()
        place.mkdir()

    def start(self, seconds: float, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", JOB, str(self.place), str(seconds)]
        self.started.append(subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL))
        return self.started[-1]

    def holders(self) -> list[tuple[int, str]]:
        """(process, device) of every job that has a slot and lives."""
        notes = (path.name.split(".") for path in self.place.iterdir())
        alive = {job.pid for job in self.started if job.poll() is None}
        return [(int(pid), device) for pid, device in notes if int(pid) in alive]

    def wait_for(self, count: int) -> list[tuple[int, str]]:
        deadline = time.monotonic() + 60
        while len(found := self.holders()) != count:
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return found


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("VIGAN_SLOTS", str(tmp_path / "slots"))
    made = Jobs(tmp_path / "notes")
    yield made
    for job in made.started:
        job.kill()
        job.wait()


def test_no_gpu_ever_has_more_jobs_than_slots_and_all_jobs_get_their_turn(jobs: Jobs) -> None:
    started = [jobs.start(0.3, VIGAN_GPUS="2", VIGAN_SLOTS_PER_GPU="2") for _ in range(9)]
    most: Counter[str] = Counter()
    deadline = time.monotonic() + 90
    while any(job.poll() is None for job in started):
        assert time.monotonic() < deadline
        most |= Counter(device for _, device in jobs.holders())
        time.sleep(0.005)
    assert [job.returncode for job in started] == [0] * 9
    assert set(most) == {"0", "1"}
    assert max(most.values()) == 2


def test_no_gpu_gets_a_second_job_while_another_has_none(jobs: Jobs) -> None:
    for _ in range(3):
        jobs.start(60, VIGAN_GPUS="3", VIGAN_SLOTS_PER_GPU="2")
    assert sorted(device for _, device in jobs.wait_for(3)) == ["0", "1", "2"]


def test_a_killed_job_frees_its_slot_for_the_one_that_waits(jobs: Jobs) -> None:
    jobs.start(60, VIGAN_GPUS="1")
    ((first, _),) = jobs.wait_for(1)
    second = jobs.start(60, VIGAN_GPUS="1")
    time.sleep(1.0)
    assert [pid for pid, _ in jobs.holders()] == [first]
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while [pid for pid, _ in jobs.holders()] != [second.pid]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_inherited_choice_of_devices_is_kept(jobs: Jobs) -> None:
    for _ in range(2):
        jobs.start(60, CUDA_VISIBLE_DEVICES="5,GPU-ab3f", VIGAN_GPUS="8")
    assert {device for _, device in jobs.wait_for(2)} == {"5", "GPU-ab3f"}


def test_jobs_of_two_cluster_jobs_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGAN_SLOTS", raising=False)
    places = []
    for job in ("17", "18"):
        monkeypatch.setenv("SLURM_JOB_ID", job)
        places.append(folder())
    assert len(set(places)) == 2


def test_without_a_gpu_nothing_is_locked_or_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("VIGAN_SLOTS", str(tmp_path / "slots"))
    with reserve_gpu() as device:
        assert device is None
        assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert not (tmp_path / "slots").exists()


def test_the_environment_is_as_before_when_a_slot_was_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGAN_SLOTS", str(tmp_path / "slots"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,4")
    with reserve_gpu() as device:
        assert os.environ["CUDA_VISIBLE_DEVICES"] == device == "3"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3,4"


@pytest.mark.parametrize(
    ("visible", "found"), [("0,1", ["0", "1"]), ("", []), ("-1", []), ("2,-1,3", ["2"]), (" 1 , 0", ["1", "0"])]
)
def test_the_devices_are_those_that_cuda_would_see(
    monkeypatch: pytest.MonkeyPatch, visible: str, found: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert settings.gpus() == found


@pytest.mark.parametrize("wrong", ["0", "half", "-1", "1.5"])
def test_a_wrong_number_of_slots_is_named_with_what_to_write(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("VIGAN_SLOTS_PER_GPU", wrong)
    with pytest.raises(settings.MachineError, match=rf"VIGAN_SLOTS_PER_GPU is '{wrong}'; write a whole number, 1 or"):
        settings.slots_per_gpu()


def test_a_run_is_measured_beside_those_that_train_and_two_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGAN_SLOTS", str(tmp_path / "slots"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with reserve_gpu("train") as first, reserve_gpu("eval") as measuring:
        assert (first, measuring) == ("0", "0")
        assert gpu_slots._take(["0"], "eval") is None
        monkeypatch.setenv("VIGAN_EVALS_PER_GPU", "2")
        taken = gpu_slots._take(["0"], "eval")
        assert taken is not None
        taken[1].close()


def test_slots_of_either_kind_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("VIGAN_SLOTS_PER_GPU", "3")
    assert (settings.gpu_slots(), settings.eval_slots()) == (6, 2)
    monkeypatch.setenv("VIGAN_EVALS_PER_GPU", "2")
    assert (settings.gpu_slots(), settings.eval_slots()) == (6, 4)
