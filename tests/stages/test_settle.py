"""Times on disk are made to say what stamps say: what is fresh is no older than what it is made of, all else is."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import time_ns as now

import pytest
from studies import IMAGES, TINY, forge, run_to_tables, vigan

from vigan.config.load import load_study
from vigan.layout import Layout
from vigan.stages import settle as module
from vigan.stages.settle import settle

pytestmark = pytest.mark.slow

RUN = Path("results/tiny/runs/regularised/released/seed-0")
DATA, REAL = "data/ring-d2eae5b559", "data/ring-d2eae5b559/reference/toy-modes-n500"
MADE_OF: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "real data": ((f"{REAL}.json", f"{REAL}.npz"), (f"{DATA}/manifest.json",)),
    "training": (
        tuple(f"{RUN}/{name}" for name in ("run.json", "telemetry.csv", "snapshots")),
        (f"{DATA}/array.npy", "results/tiny/specs/regularised.json"),
    ),
    "measuring": (
        tuple(f"{RUN}/{name}" for name in ("measured.json", "metrics.csv", "noise.csv", "samples.npz")),
        (f"{RUN}/run.json", f"{REAL}.npz"),
    ),
    "tables": (
        ("results/tiny/stamps/tables.json", "results/tiny/tables/*.csv"),
        (
            "results/tiny/runs/*/*/*/run.json",
            "results/tiny/runs/*/*/*/metrics.csv",
            "results/tiny/runs/*/*/*/telemetry.csv",
            "results/tiny/runs/*/*/*/measured.json",
        ),
    ),
}
"""Outputs of each kind, and what they are made of, as patterns."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study up to its tables."""
    file = tmp_path_factory.mktemp("finished") / "tiny.yaml"
    file.write_text(TINY)
    run_to_tables(file)
    return file.parent


@pytest.fixture
def place(finished: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the finished study, the working directory, in which times are in a random order."""
    copy = shutil.copytree(finished, tmp_path / "copy")
    paths = sorted(copy.rglob("*"))
    random.Random(0).shuffle(paths)
    for number, path in enumerate(paths):
        os.utime(path, (10**9 + number, 10**9 + number))
    with contextlib.chdir(copy):
        yield Path(copy)


def _settle(text: str = TINY) -> None:
    Path("tiny.yaml").write_text(text)
    layout = Layout(load_study(Path("tiny.yaml")))
    settle(layout, [], [])


def _outdated() -> set[str]:
    """Those of `MADE_OF` that Snakemake would make again, by their times."""

    def times(paths: tuple[str, ...]) -> list[int]:
        return [path.stat().st_mtime_ns for pattern in paths for path in Path().glob(pattern)]

    return {name for name, (outputs, inputs) in MADE_OF.items() if min(times(outputs)) < max(times(inputs))}


def test_copied_results_are_fresh_whatever_their_times(place: Path) -> None:
    assert _outdated()
    _settle()
    assert _outdated() == set()


@pytest.mark.parametrize("time", [0, -(10**9), 2**33], ids=["1970", "1938", "2242"])
def test_files_may_have_any_time_an_archive_gives_them(place: Path, time: int) -> None:
    """Archives that are to be made again bit for bit set all times to 0."""
    for path in place.rglob("*"):
        os.utime(path, (time, time))
    os.utime(place / RUN / "run.json", (time + 9, time + 9))
    _settle()
    assert _outdated() == set()
    made = [
        path
        for kinds in MADE_OF.values()
        for patterns in kinds
        for pattern in patterns
        for path in Path().glob(pattern)
    ]
    assert max(path.stat().st_mtime_ns for path in made) <= now()


def test_what_is_settled_is_left_alone(place: Path) -> None:
    _settle()
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    _settle()
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.name != "tiny.yaml"} == {
        path: time for path, time in before.items() if path.name != "tiny.yaml"
    }


def test_no_content_is_ever_changed(place: Path) -> None:
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    _settle(TINY.replace("lambda_sum: 1.0", "lambda_sum: 2.0"))
    del before[place / "tiny.yaml"]
    assert {path: path.read_bytes() for path in before} == before


STALE = {
    "lambda_sum: 1.0": ("lambda_sum: 2.0", {"training", "tables"}),
    "samples: 500": ("samples: 500, redraws: 2", {"measuring", "tables"}),
    "title: A ring\n": ("title: Another\n", {"tables"}),
}


@pytest.mark.parametrize("old", STALE)
def test_what_an_edit_of_the_study_makes_stale_is_older_and_what_it_does_not_is_not(place: Path, old: str) -> None:
    new, stale = STALE[old]
    _settle(TINY.replace(old, new))
    assert _outdated() - {"measuring"} == stale - {"measuring"}  # of a stale training it is made anyway
    assert stale <= _outdated()


@pytest.mark.parametrize(
    ("path", "field", "stale"),
    [
        (f"{RUN}/run.json", "code_sha256", {"training", "measuring"}),
        (f"{RUN}/run.json", "data_sha256", {"training", "measuring"}),
        (f"{REAL}.json", "code_sha256", {"real data", "measuring"}),
    ],
)
def test_what_other_code_or_data_made_is_stale(place: Path, path: str, field: str, stale: set[str]) -> None:
    forge(Path(path), **{field: "0" * 64})
    _settle()
    assert stale <= _outdated()


def test_what_lacks_its_stamp_is_stale_and_what_is_missing_is_left_to_snakemake(place: Path) -> None:
    (RUN / "measured.json").unlink()
    Path(f"{DATA}/manifest.json").unlink()
    _settle()
    assert not (RUN / "measured.json").exists()


def _is_to_be_prepared_again() -> bool:
    """Whether a data set is older than its description; Snakemake, which forgot how it was made, goes by that alone."""
    data = Path(DATA)
    description = data / "spec.json"
    made = min((data / name).stat().st_mtime_ns for name in ("manifest.json", "array.npy"))
    return description.exists() and made < description.stat().st_mtime_ns


def test_a_data_set_that_other_code_prepared_is_prepared_again(place: Path) -> None:
    """The code of `prepare` is edited while Snakemake's memory is lost."""
    _settle()
    assert not _is_to_be_prepared_again()
    forge(Path(f"{DATA}/manifest.json"), code_sha256="0" * 64)
    _settle()
    assert _is_to_be_prepared_again()


def test_a_data_set_has_its_description_as_an_input_only_once_it_was_stale(place: Path) -> None:
    """A new input would make Snakemake, where it remembers the old ones, prepare it and train all again."""
    manifest, description = (Path(DATA) / name for name in ("manifest.json", "spec.json"))
    content = manifest.read_bytes()
    _settle()
    assert not description.exists()
    forge(manifest, code_sha256="0" * 64)
    _settle()
    manifest.write_bytes(content)
    os.utime(manifest, (10**9, 10**9))
    _settle()
    assert description.exists()
    assert not _is_to_be_prepared_again()


def test_data_that_other_code_prepared_and_nobody_can_write_are_told(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read_only(path: Path, text: str) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    forge(Path(f"{DATA}/manifest.json"), code_sha256="0" * 64)
    monkeypatch.setattr(module, "write_text", read_only)
    _settle()
    told = f"warning: {DATA}: other code prepared it, and it cannot be written (Read-only file system)"
    assert told in capsys.readouterr().err


GREY = """\
from typing import Literal

import numpy as np

from vigan.config.datasets import DataSource
from vigan.data.source import SourceData


class Grey(DataSource):
    source: Literal["grey"]

    @property
    def shape(self):
        return (1, 32, 32)

    def source_data(self):
        images = np.full((100, 1, 32, 32), 127, np.uint8)
        return SourceData(100, self.shape, images.dtype, (block for block in [images]), "grey images")
"""


def test_what_a_plug_in_delivered_is_fresh_until_the_plug_in_changes(tmp_path: Path) -> None:
    (tmp_path / "grey.py").write_text(GREY)
    text = IMAGES.replace("{source: digits}", "{source: grey}") + "plugins: [grey.py]\n"
    (tmp_path / "tiny.yaml").write_text(text)
    vigan(tmp_path / "tiny.yaml", "prepare", "--dataset", "digits")
    with contextlib.chdir(tmp_path):
        _settle(text)
        assert not list(Path("data").glob("*/spec.json"))
        Path("grey.py").write_text(GREY.replace("127", "128"))
        _settle(text)
        assert len(list(Path("data").glob("*/spec.json"))) == 1
