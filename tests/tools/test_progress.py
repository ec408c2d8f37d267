"""The line about a study that is being carried out."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import pytest
from studies import TINY
from waiting import wait_until

from vigan.config.load import load_study
from vigan.config.study import RunKey
from vigan.layout import Layout
from vigan.tools import progress
from vigan.tools.progress import Done, Work, line

FIRST = Done(0, 0, 4, 0.0)
RUN = RunKey("plain", "released", 0)


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(TINY)
    return Layout(load_study(Path("study.yaml")))


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_a_run_counts_when_its_record_is_there_and_as_measured_when_its_numbers_are(layout: Layout) -> None:
    work = Work(layout)
    assert work.done() == FIRST
    _touch(layout.run(RUN) / "run.json")
    trained = work.done()
    assert (trained.trained, trained.measured) == (1, 0)
    _touch(layout.run(RUN) / "metrics.csv")
    measured = work.done()
    assert (measured.trained, measured.measured) == (1, 1)
    assert 0 < trained.share < measured.share < 1


def test_a_run_that_trains_counts_up_to_its_newest_checkpoint(layout: Layout) -> None:
    work = Work(layout)
    shares = []
    for iteration in (15, 30):
        _touch(layout.state(RUN, "0123456789abcdef") / f"checkpoint-{iteration:09d}.json")
        shares.append(work.done().share)
    _touch(layout.run(RUN) / "run.json")
    whole = work.done().share
    assert shares == [pytest.approx(whole / 4), pytest.approx(whole / 2)]


def test_what_earlier_code_left_behind_is_no_work_done(layout: Layout) -> None:
    """A state of other code, further on than the run that trains now, was counted until this had overtaken it."""
    work = Work(layout)
    earlier, now = (layout.state(RUN, digest * 16) for digest in "01")
    _touch(earlier / "checkpoint-000000050.json")
    os.utime(earlier / "checkpoint-000000050.json", (1, 1))
    _touch(now / "checkpoint-000000015.json")
    found = work.done().share
    shutil.rmtree(earlier)
    assert found == work.done().share > 0


def test_a_finished_study_is_done(layout: Layout) -> None:
    for run in layout.study.runs():
        for name in ("run.json", "metrics.csv"):
            _touch(layout.run(run) / name)
    assert Work(layout).done() == Done(4, 4, 4, pytest.approx(1.0))


def test_rate_and_time_left_are_of_what_was_done_since_the_start() -> None:
    told = line(Done(2, 2, 4, 0.5), Done(3, 2, 4, 0.7), 600.0)
    assert told == "3 of 4 runs trained, 2 measured; 4.8 runs an hour, about 15.0 minutes left"
    assert line(FIRST, Done(2, 2, 4, 0.5), 1.0).endswith("120.0 runs a minute, about 1 seconds left")


def test_no_rate_is_made_up_before_anything_was_done() -> None:
    assert line(FIRST, FIRST, 60.0) == "0 of 4 runs trained, 0 measured"


def test_the_line_is_told_at_intervals_until_it_is_ended(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", {True: 0.01, False: 0.01})
    out = io.StringIO()
    end = progress.tell(layout, out)
    wait_until(lambda: out.getvalue().count("\n") >= 2, 60, "nothing was told twice")
    end()
    assert set(out.getvalue().splitlines()) == {"vigan: 0 of 4 runs trained, 0 measured"}
