"""One study made on two machines and joined: nothing is made twice, and nothing that was made otherwise gets in."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from studies import TINY, forge, run_to_tables

from vigan.io.files import RecordError
from vigan.tools.merge import merge

from .conftest import Snakemake

pytestmark = pytest.mark.slow

RUNS = Path("results/tiny")


def _study(folder: Path, seeds: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yaml").write_text(TINY.replace("[0, 1]", seeds))
    return folder / "study.yaml"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of both seeds, made on one machine."""
    folder = tmp_path_factory.mktemp("whole")
    run_to_tables(_study(folder, "[0, 1]"))
    return folder / RUNS


@pytest.fixture
def parts(whole: Path, tmp_path: Path) -> list[Path]:
    """The same, one seed on each of two machines."""
    parts = [tmp_path / "first", tmp_path / "second"]
    for part, other in zip(parts, ("seed-1", "seed-0"), strict=True):
        shutil.copytree(whole, part, ignore=shutil.ignore_patterns(other, "tables"))
    return parts


def test_results_of_two_machines_are_joined_to_the_tables_of_one_and_snakemake_goes_on_from_there(
    whole: Path, parts: list[Path], tmp_path: Path
) -> None:
    place = tmp_path / "joined"
    file = _study(place, "[0, 1]")
    shutil.copytree(whole.parents[1] / "data", place / "data")
    (place / RUNS / "specs").mkdir(parents=True)
    counts = merge(parts, place / RUNS)
    assert list(counts.values()) == [2, 2]

    runner = Snakemake(place)
    plan = runner("--until", "analyse", "--dry-run", "--quiet", "rules", "--configfile", str(file))
    assert set(re.findall(r"^(\w+)\s+\d+$", plan.stdout, re.MULTILINE)) == {"analyse", "total"}
    done = runner("--until", "analyse", "--configfile", str(file))
    assert done.returncode == 0, done.stdout[-3000:]
    for table in (whole / "tables").glob("*.csv"):
        if table.stem != "timing":
            assert (place / RUNS / "tables" / table.name).read_bytes() == table.read_bytes(), table.name


def test_a_run_that_both_have_is_taken_once_and_with_its_measurements(parts: list[Path], tmp_path: Path) -> None:
    first, second = parts
    run = Path("runs/plain/released/seed-0")
    shutil.copytree(first / run, second / run)
    for name in ("metrics.csv", "measured.json"):
        (first / run / name).unlink()
    forge(second / run / "run.json", seconds=10_000.0)
    assert sum(merge(parts, tmp_path / "out").values()) == 4
    assert len(list((tmp_path / "out").glob("runs/*/*/*/run.json"))) == 4
    assert (tmp_path / "out" / run / "metrics.csv").exists()


def test_a_place_below_a_file_is_refused(parts: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in ("file/new", "file/a/b"):
        with pytest.raises(RecordError, match=f"{place}: lies in a file; name a folder that does not exist yet"):
            merge(parts, tmp_path / place)


def test_first_verdicts_go_along_and_must_be_one_table(parts: list[Path], tmp_path: Path) -> None:
    (parts[0] / "first-verdicts.csv").write_text("id,verdict\nC1,supported\n")
    merge(parts, tmp_path / "out")
    assert (tmp_path / "out" / "first-verdicts.csv").read_text().endswith("C1,supported\n")
    (parts[1] / "first-verdicts.csv").write_text("id,verdict\nC1,contradicted\n")
    with pytest.raises(RecordError, match=r"first-verdicts\.csv: other first verdicts of one study"):
        merge(parts, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_run_that_one_had_not_measured_to_the_end_is_taken_from_the_other(parts: list[Path], tmp_path: Path) -> None:
    """Stopped between its numbers and their stamp: it was taken, for it came first, and measured again."""
    first, second = parts
    run = Path("runs/plain/released/seed-0")
    shutil.copytree(first / run, second / run)
    for name in ("noise.csv", "samples.npz", "measured.json"):
        (first / run / name).unlink()
    merge(parts, tmp_path / "out")
    assert (tmp_path / "out" / run / "measured.json").exists()


def test_two_makings_of_a_run_with_other_bits_are_refused_and_named(parts: list[Path], tmp_path: Path) -> None:
    first, second = parts
    run = Path("runs/plain/released/seed-0")
    shutil.copytree(first / run, second / run)
    table = pd.read_csv(second / run / "metrics.csv")
    table.assign(value=table["value"] + 1).to_csv(second / run / "metrics.csv", index=False)
    (second / run / "measured.json").unlink()
    with pytest.raises(RecordError, match=r"first/.*seed-0 and .*second/.*seed-0: the same run .*\(metrics\.csv; "):
        merge(parts, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"code_sha256": "b" * 64}, "code differs: arm 'plain', digests .{12} and b{12}"),
        ({"data_sha256": "d" * 64}, "data differs: arm 'plain', digests .{12} and d{12}"),
        ({"rules": {"C1": "e" * 64}}, "claim differs: 'C1', digests .{12} and .{12}"),
        ({"spec": {"iterations": 61}}, "config differs: arm 'plain', iterations, digests .{12} and .{12}"),
    ],
)
def test_what_was_made_otherwise_is_refused_with_the_digests(
    parts: list[Path], tmp_path: Path, change: dict[str, object], told: str
) -> None:
    for part, seed in zip(parts, (0, 1), strict=True):
        path = part / f"runs/plain/released/seed-{seed}/run.json"
        (path.parent / "measured.json").unlink()
        own = json.loads(path.read_text())["spec"] | change.get("spec", {})  # type: ignore[operator]
        forge(path, **{"rules": {"C1": "a" * 64}, **({**change, "spec": own} if seed == 1 else {})})
    with pytest.raises(RecordError, match=told) as refused:
        merge(parts, tmp_path / "out")
    assert "first/runs/plain/released/seed-0 and" in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_runs_measured_under_other_protocols_are_refused(parts: list[Path], tmp_path: Path) -> None:
    path = parts[1] / "runs/plain/released/seed-1/metrics.csv"
    path.write_text(path.read_text().replace("n=500", "n=600"))
    (path.parent / "measured.json").unlink()
    with pytest.raises(RecordError, match=r"protocols differs: arm 'plain', .*n=500.* and .*n=600"):
        merge(parts, tmp_path / "out")


def test_a_folder_with_something_in_it_is_never_merged_into(parts: list[Path], tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="holds something already"):
        merge(parts, parts[0])


@pytest.mark.parametrize(
    ("out", "told"),
    [
        (".", "a new folder cannot take the place of the one that you work in"),
        ("../specs/..", "a new folder cannot take the place of the one that you work in"),
        ("..", "a new folder cannot take the place of the one that you work in"),
        ("/", "holds something already"),
        ("../../file", "no folder but a file or a link"),
        ("../../link", "no folder but a file or a link"),
        ("../../lost", "no folder but a file or a link"),
        ("../../source", "lies in ../../source, whose runs are to be joined"),
        ("../../source/runs/new", "lies in ../../source, whose runs are to be joined"),
    ],
)
def test_a_place_where_no_new_folder_can_be_is_refused_before_anything_is_read(
    out: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-o .` ended in a traceback; others after everything had been copied, or beside the runs of a source."""
    (tmp_path / "source").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("source")
    (tmp_path / "lost").symlink_to("nowhere")
    here = tmp_path / "here" / "specs"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    with pytest.raises(RecordError) as refused:
        merge([Path("../../source")], Path(out))
    assert str(refused.value).startswith(f"{Path(out)}: {told}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "here", "link", "lost", "source"]


def test_a_folder_without_runs_is_named(parts: list[Path], tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"specs: holds no runs; name the folder results/STUDY"):
        merge([parts[0], parts[1] / "specs"], tmp_path / "out")


def to_a_secret(run: Path) -> Path:
    return linked(run / "snapshots" / "extra.safetensors", Path("/etc/passwd"))


def to_a_tree(run: Path) -> Path:
    return linked(run / "snapshots" / "tree", Path("/etc"))


def in_the_place_of_a_spec(run: Path) -> Path:
    return linked(run.parents[3] / "specs" / "plain.json", Path("/etc/passwd"))


def in_the_place_of_all_runs(run: Path) -> Path:
    away = run.parents[3].with_name("away")
    run.parents[2].rename(away)
    return linked(run.parents[2], away)


def pipe(run: Path) -> Path:
    (run / "metrics.csv").unlink()
    os.mkfifo(run / "metrics.csv")
    return run / "metrics.csv"


def linked(path: Path, target: Path) -> Path:
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    return path


@pytest.mark.parametrize("spoil", [to_a_secret, to_a_tree, in_the_place_of_a_spec, in_the_place_of_all_runs, pipe])
def test_links_and_pipes_are_neither_followed_nor_waited_for(
    spoil: Callable[[Path], Path], parts: list[Path], tmp_path: Path
) -> None:
    path = spoil(parts[0] / "runs/plain/released/seed-0")
    with pytest.raises(RecordError, match=f"{re.escape(str(path))}: neither a file nor a folder"):
        merge(parts, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_in_the_place_of_another_is_refused(parts: list[Path], tmp_path: Path) -> None:
    (parts[0] / "runs/plain/released/seed-0").rename(parts[0] / "runs/plain/released/seed-7")
    with pytest.raises(RecordError, match=r"seed-7/run\.json: it is the record of runs/plain/released/seed-0"):
        merge(parts, tmp_path / "out")


def test_what_a_killed_merge_left_is_gone_after_the_next(parts: list[Path], tmp_path: Path) -> None:
    left = tmp_path / ".out.merging" / "whole" / "runs"
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    merge(parts, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"first", "second", "out"}
    assert not (tmp_path / "out" / "runs" / "half").exists()
