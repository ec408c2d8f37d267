"""A disk that is full, read-only or forbidden: said in one line, nothing lost, the same command goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from studies import TINY

import vigan

from .nursery import Nursery
from .stages import PROTOCOL, RUNS, Place
from .trap import STOPPED

pytestmark = pytest.mark.slow

NOBODY = 65534
RUN = RUNS[2]
RESULT = "results/tiny/runs/regularised/released/seed-0"


@pytest.fixture
def disk() -> Iterator[Path]:
    """A disk of 4 MiB; skips where none can be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="small-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"no small disk can be mounted here ({mounted.stderr.strip()})")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def place(disk: Path, nursery: Nursery) -> Place:
    return Place(disk, nursery)


def fill(disk: Path) -> Path:
    """A file that takes all room left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(bytes(4096)):
            pass
    assert shutil.disk_usage(disk).free == 0
    return ballast


def test_a_training_whose_disk_fills_up_stops_in_one_line_and_goes_on_when_there_is_room(place: Place) -> None:
    often = (*RUN, "--save-every", "0", "--no-tensorboard")
    place.vigan("train", *RUN)
    result = place.folder / RESULT
    expected = {path.name: path.read_bytes() for path in result.rglob("*.*") if path.name != "run.json"}
    shutil.rmtree(result)

    trainer = place.nursery.start(place.folder, "train", "--config", "study.yaml", *often, trap=STOPPED)
    trainer.wait_until_stopped()
    ballast = fill(place.folder)
    trainer.signal(signal.SIGCONT)
    told = trainer.refusal()
    assert told.startswith("state/tiny/regularised")
    assert "No space left on device; make room, then run the same command again" in told
    assert any(place.folder.glob("state/tiny/*/checkpoint-*.json"))
    assert not list(place.folder.rglob("*.part"))
    assert not result.exists()

    ballast.unlink()
    again = place.nursery.start(place.folder, "train", "--config", "study.yaml", *often)
    assert again.wait() == 0, again.output()
    assert {path.name: path.read_bytes() for path in result.rglob("*.*") if path.name != "run.json"} == expected


@pytest.mark.parametrize("pages", [0, 1], ids=["from the start", "on the way"])
def test_a_full_disk_under_tensorboard_alone_is_told_in_one_line_and_the_training_goes_on(
    pages: int, disk: Path, nursery: Nursery, tmp_path: Path
) -> None:
    place, result = Place(tmp_path, nursery), tmp_path / RESULT
    place.write(TINY.replace("log_every: 20", "log_every: 1"))
    place.vigan("train", *RUN, "--no-tensorboard")
    expected = {path.name: path.read_bytes() for path in result.rglob("*.*") if path.name != "run.json"}
    (tmp_path / "logs").symlink_to(disk)
    ballast = fill(disk)
    os.truncate(ballast, ballast.stat().st_size - pages * 4096)

    told = place.vigan("train", *RUN)
    assert told.count("No space left on device; TensorBoard gets no more of this run, which goes on") == 1
    assert "Traceback" not in told
    assert sum(path.stat().st_size for path in (disk / "tensorboard").rglob("*.*")) == pages * 4096
    assert {path.name: path.read_bytes() for path in result.rglob("*.*") if path.name != "run.json"} == expected


def test_a_place_where_tensorboard_may_not_write_stops_no_training(nursery: Nursery, tmp_path: Path) -> None:
    place = Place(tmp_path, nursery)
    (tmp_path / "logs").write_text("in the way")
    assert "Not a directory; TensorBoard gets no more of this run" in place.vigan("train", *RUN)


def test_every_stage_on_a_full_disk_is_refused_and_leaves_all_files_as_they_were(place: Place) -> None:
    place.vigan("train", *RUN)
    place.vigan("evaluate", *RUN)
    before = place.files()
    ballast = fill(place.folder)
    for stage in (
        ("prepare", "--dataset", "ring"), ("reference", *PROTOCOL), ("evaluate", *RUN),
        ("train", *RUNS[1], "--no-tensorboard"),
    ):  # fmt: skip
        assert "make room" in place.refused(*stage), stage
    ballast.unlink()
    found = {name: content for name, content in place.files().items() if not name.startswith("state/")}
    assert found == before
    place.vigan("train", *RUNS[1])


def test_on_a_read_only_disk_every_stage_is_refused_in_one_line(place: Place) -> None:
    place.vigan("train", *RUN)
    before = place.files()
    subprocess.run(["mount", "-o", "remount,ro", str(place.folder)], check=True)
    for stage in (
        ("prepare", "--dataset", "ring"),
        ("reference", *PROTOCOL),
        ("evaluate", *RUN),
        ("train", *RUN, "--no-tensorboard"),
    ):
        assert "Read-only file system; work in a folder that can be written" in place.refused(*stage), stage
    subprocess.run(["mount", "-o", "remount,rw", str(place.folder)], check=True)
    assert place.files() == before
    place.vigan("evaluate", *RUN)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter."""
    folder = Path(tempfile.mkdtemp(prefix="open-folder-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def is_open(file: Path) -> bool:
    """Whether other users may read a file."""
    folders = file.resolve().parents
    return bool(file.stat().st_mode & 0o004) and all(folder.stat().st_mode & 0o001 for folder in folders)


def test_without_permission_every_stage_is_refused_in_one_line(open_folder: Path, nursery: Nursery) -> None:
    user = NOBODY if os.geteuid() == 0 else None
    if user is not None and not is_open(Path(vigan.__file__)):
        pytest.skip(f"other users may not read {vigan.__file__}")
    place = Place(open_folder, nursery)
    place.vigan("train", *RUN)
    before = place.files()
    mode = 0o500 if user is None else 0o755
    for path in (open_folder, *open_folder.rglob("*")):
        path.chmod(mode if path.is_dir() else 0o644)
    for stage in (("prepare", "--dataset", "ring"), ("evaluate", *RUN), ("train", *RUN, "--no-tensorboard")):
        assert "Permission denied; change its permissions (chmod)" in place.refused(*stage, user=user), stage
    assert place.files() == before
    for folder in (open_folder, *(path for path in open_folder.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    (open_folder / "study.yaml").chmod(0)
    if user is not None:
        assert "study.yaml: cannot be read" in place.refused("explain", "plain", user=user)
