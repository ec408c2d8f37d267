"""`vigan new --from`: what lies in a folder becomes a study that runs, and what nobody can know is left open."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from vigan.bench import foreign_runs
from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.tools import new_study

LOG = '"seed": 3,\nFID score (Step: 2000, Using train moments): 40.5\n'


def new(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with contextlib.chdir(folder):
        code = main(["new", "--from", "runs", "-o", "study.yaml", *arguments])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def written(folder: Path) -> Study:
    with contextlib.chdir(folder):
        return load_study(Path("study.yaml"))


def test_every_format_becomes_an_arm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign_runs.write(tmp_path / "runs")
    (tmp_path / "runs" / "studio").mkdir()
    (tmp_path / "runs" / "studio" / "a.log").write_text(LOG)
    for seed, step in ((0, 10), (0, 20), (1, 20)):
        place = tmp_path / "runs" / "pictures" / f"seed-{seed}" / f"step-{step}"
        place.mkdir(parents=True)
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(place / "a.png")
    assert new(tmp_path, capsys)[0] == 0
    study = written(tmp_path)
    formats = {name: arm.origin.format for name, arm in study.elsewhere.items()}
    assert formats == {
        "plain": "stylegan", "augmented": "stylegan", "regularised": "table", "studio": "studiogan",
        "pictures": "samples",
    }  # fmt: skip
    assert study.experiments["reported"].iterations == 5000
    assert list(study.experiments["reported"].names) == ["regularised", "studio"]
    assert list(study.experiments["reported-by-images"].names) == ["augmented", "plain"], "kimg are no iterations"
    assert study.experiments["measured"].dataset == "real"


@pytest.mark.parametrize("reported", [True, False])
def test_the_claim_that_it_suggests_can_be_made_by_filling_in_a_margin(
    reported: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arm in ("ours", "theirs"):
        place = tmp_path / "runs" / arm / "seed-0" / "step-20"
        place.mkdir(parents=True)
        if reported:
            (tmp_path / "runs" / f"{arm}.csv").write_text("seed,step,metric,value\n0,20,kid,1.5\n")
        else:
            Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(place / "a.png")
    assert new(tmp_path, capsys)[0] == 0
    path = tmp_path / "study.yaml"
    lines = [line.removeprefix("# ") for line in path.read_text().splitlines()[1:]]
    path.write_text("\n".join(lines).replace("margin: ...", "margin: 0.1"))
    (claim,) = written(tmp_path).claims
    assert claim.model_dump()["metric"] == ("kid" if reported else "frechet")


def test_seeds_are_those_that_all_arms_have_and_others_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{arm},{seed},10,fid,1.0" for arm, seeds in (("A b", (0, 1, 2)), ("007", (1, 2, 9))) for seed in seeds]
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "all.csv").write_text("\n".join(["method,seed,step,metric,value", *rows]) + "\n")
    assert new(tmp_path, capsys)[0] == 0
    study = written(tmp_path)
    assert study.seeds == (1, 2)
    assert study.experiments["reported"].more_seeds == {"a-b": (0,), "007": (9,)}
    with contextlib.chdir(tmp_path):
        for arm in ("a-b", "007"):
            assert main(["import", "--config", "study.yaml", "--arm", arm]) == 0


def test_metrics_without_a_name_here_and_protocols_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").mkdir()
    rows = ["0,10,fid,1.0,FID 50k", "0,10,lpips,1.0,FID 50k"]
    (tmp_path / "runs" / "a.csv").write_text("\n".join(["seed,step,metric,value,protocol", *rows]) + "\n")
    assert new(tmp_path, capsys)[0] == 0
    assert '# not read: "lpips"' in (tmp_path / "study.yaml").read_text()
    assert written(tmp_path).experiments["reported"].protocols[0].name == "elsewhere/FID 50k"


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("notes.txt", "x", "no table (.csv, .parquet), no metric-*.jsonl of StyleGAN"),
        ("a.csv", "seed,step,metric,value\n0,10,lpips,1\n", "no metric in it has a name that is known here (lpips)"),
        ("a.csv", "a,b\n1,2\n", "its first line names 2 columns"),
        ("a.csv", "seed,step,metric,value\nx,10,fid,1\n", "line 2: seed 'x' is not a whole number"),
        ("a\u200b.csv", "seed,step,metric,value\n0,10,fid,1\n", "a name that no study file can hold; rename it"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    file: str, text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / file).write_text(text)
    code, told = new(tmp_path, capsys)
    assert (code, told.count("\n")) == (1, 1)
    assert words in told
    assert not (tmp_path / "study.yaml").exists()


def style_run(folder: Path, seed: int | None, end: int = 400) -> None:
    lines = [
        {"results": {"fid50k_full": 9.0}, "metric": "fid50k_full", "snapshot_pkl": f"network-snapshot-{step:06d}.pkl"}
        for step in (0, end)
    ]
    folder.mkdir(parents=True)
    (folder / "metric-fid50k_full.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "training_options.json").write_text(json.dumps({} if seed is None else {"random_seed": seed}))


def imported(folder: Path) -> dict[str, set[int]]:
    """The seeds of every arm of the study that was written, as they are read."""
    found = {}
    with contextlib.chdir(folder):
        for name in load_study(Path("study.yaml")).elsewhere:
            assert main(["import", "--config", "study.yaml", "--arm", name]) == 0
            rows = pd.read_csv(Path("results/runs/elsewhere") / name / "metrics.csv")
            found[name] = set(rows["seed"])
    return found


def test_runs_of_other_settings_in_one_folder_are_other_arms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two settings were one arm of two seeds."""
    for number, (name, seed) in enumerate(
        [("gamma8.2", 0), ("gamma8.2", 1), ("gamma32", 0), ("gamma32", 1), ("gamma32", 2)]
    ):
        style_run(tmp_path / f"runs/{number:05d}-faces-{name}", seed)
    for model, day in (("DCGAN", 1), ("DCGAN", 2), ("BigGAN", 1)):
        log = f'"seed": {day + 2},\nFID score (Step: 2000, Using train moments): 40.5\n'
        (tmp_path / f"runs/faces-{model}-train-2022_03_0{day}_10_11_12.log").write_text(log)
    assert new(tmp_path, capsys)[0] == 0
    assert imported(tmp_path) == {
        "faces-gamma8-2": {0, 1}, "faces-gamma32": {0, 1, 2}, "faces-dcgan-train": {3, 4}, "faces-biggan-train": {3},
    }  # fmt: skip


def test_runs_in_a_folder_are_not_those_of_the_folders_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    style_run(tmp_path / "runs/00000-faces", 0)
    style_run(tmp_path / "runs/ours/00000-faces", 0)
    style_run(tmp_path / "runs/ours/00001-faces", 1)
    assert new(tmp_path, capsys)[0] == 0
    assert imported(tmp_path) == {"runs": {0}, "ours": {0, 1}}


@pytest.mark.parametrize("names", [("run0", "run1"), ("0", "1"), ("exp_1", "exp_2"), ("s1", "s2"), ("a-1", "a-2")])
def test_runs_that_are_counted_are_one_arm(
    names: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arm in ("plain", "ours"):
        for seed, name in enumerate(names):
            style_run(tmp_path / "runs" / arm / name, seed)
    assert new(tmp_path, capsys)[0] == 0
    assert imported(tmp_path) == {"ours": {0, 1}, "plain": {0, 1}}
    assert "as their names differ by counting numbers alone" in (tmp_path / "study.yaml").read_text()


def test_names_that_end_in_other_numbers_are_other_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("resnet-18", "resnet-50", "r1-gamma0.1", "r1-gamma0.2", "v1.0", "v1.1"):
        style_run(tmp_path / f"runs/{name}", 0)
    assert new(tmp_path, capsys)[0] == 0
    names = ("r1-gamma0-1", "r1-gamma0-2", "resnet-18", "resnet-50", "v1-0", "v1-1")
    assert imported(tmp_path) == {name: {0} for name in names}


def test_a_run_that_goes_on_from_another_is_no_replicate_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("00000-faces", "00001-faces-resumecustom", "00002-faces-resumecustom")
    for name, begun_from in zip(names, (None, *names), strict=False):
        style_run(tmp_path / "runs/ours" / name, 0)
        begun = {"random_seed": 0, "resume_pkl": f"/there/{begun_from}/network-snapshot-000200.pkl"}
        (tmp_path / "runs/ours" / name / "training_options.json").write_text(json.dumps(begun))
    assert new(tmp_path, capsys)[0] == 0
    assert imported(tmp_path) == {"ours": {0}}
    told = '# without "00001-faces-resumecustom", "00002-faces-resumecustom", which go on from others'
    assert told in (tmp_path / "study.yaml").read_text()


def test_cells_without_a_value_are_no_end_and_what_cannot_be_named_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/a.csv").write_text("seed,step,metric,value\n0,5000,fid,1\n0,20000,fid,\n")
    (tmp_path / "runs/b.csv").write_text("seed,step,metric,value\n0,5000,lpips,1\n")
    assert new(tmp_path, capsys)[0] == 0
    assert written(tmp_path).experiments["reported"].iterations == 5000
    text = (tmp_path / "study.yaml").read_text()
    assert '# Left out, for no metric of it has a name here: {"format": "table", "path": "runs/b.csv"}' in text


@pytest.mark.parametrize("seed", [0, None])
def test_runs_that_say_one_seed_or_none_are_numbered_and_it_is_said(
    seed: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, end in enumerate((400, 400, 200)):
        style_run(tmp_path / f"runs/ours/{number:05d}-faces", seed, end)
    assert new(tmp_path, capsys)[0] == 0
    assert imported(tmp_path) == {"ours": {0, 1, 2}}
    text = (tmp_path / "study.yaml").read_text()
    assert "pairs by them are arbitrary; ends at 200: runs that end earlier are not judged" in text
    assert "iterations: 400   # the last step that counts, in thousands of images" in text
    assert "# claims:" not in text, "there is one arm"


def test_a_study_file_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign_runs.write(tmp_path / "runs")
    (tmp_path / "study.yaml").write_text("mine")
    assert new(tmp_path, capsys)[0] == 1
    assert (tmp_path / "study.yaml").read_text() == "mine"


def test_names_that_are_alike_as_a_study_writes_them_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").mkdir()
    rows = [f"{method},0,10,fid,1.0" for method in ("gan-3", "gan", "GAN", "gan 2", "Gan")]
    (tmp_path / "runs" / "all.csv").write_text("\n".join(["method,seed,step,metric,value", *rows]) + "\n")
    assert new(tmp_path, capsys)[0] == 0
    assert list(written(tmp_path).elsewhere) == ["gan-3", "gan", "gan-2", "gan-2-2", "gan-4"]


def test_names_that_differ_in_spaces_at_their_ends_are_of_one_arm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There were two, each with the rows of both."""
    (tmp_path / "runs").mkdir()
    rows = [f"{method},{seed},10,fid,1.0" for seed, method in enumerate(("ours", "ours ", " ours", "theirs\t"))]
    (tmp_path / "runs" / "all.csv").write_text("\n".join(["method,seed,step,metric,value", *rows]) + "\n")
    assert new(tmp_path, capsys)[0] == 0
    assert imported(tmp_path) == {"ours": {0, 1, 2}, "theirs": {3}}


@pytest.mark.parametrize("protocol", ["FID (50k)", "fid@50k, clean", "100% of the reals #1"])
@pytest.mark.parametrize("folder", ["runs", "runs🚀", "läufe"])
def test_other_names_than_plain_ones_come_back_as_they_are(
    protocol: str, folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "runs" / folder / "all.csv"
    table.parent.mkdir(parents=True)
    rows = [f'ours 🚀 é,{seed},10,fid,1.0,"{protocol}"' for seed in (0, 1)]
    table.write_text("\n".join(["method,seed,step,metric,value,protocol", *rows]) + "\n")
    assert new(tmp_path, capsys)[0] == 0
    study = written(tmp_path)
    assert study.experiments["reported"].protocols[0].called == protocol
    with contextlib.chdir(tmp_path):
        assert main(["import", "--config", "study.yaml", "--arm", *study.elsewhere]) == 0


def test_a_table_of_something_else_is_left_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign_runs.write(tmp_path / "runs")
    (tmp_path / "runs" / "hparams.csv").write_text("lr,beta1\n1,2\n")
    (tmp_path / "runs" / "wide.csv").write_text("seed,step,loss\n1,2,3\n")
    assert new(tmp_path, capsys)[0] == 0
    assert list(written(tmp_path).elsewhere) == ["regularised", "augmented", "plain"]
    text = (tmp_path / "study.yaml").read_text()
    assert all(f'# Not read, for want of columns seed, step, metric and value: "{name}"' in text
               for name in ("hparams.csv", "wide.csv"))  # fmt: skip


@pytest.mark.parametrize(("row", "words"), [
    ("0,2000000000,fid,1.0,x", "experiments.reported.iterations '2000000000': Input should be less than or equal"),
    ("0,10,fid,1.0,<b>", "no study file can hold what is there (experiments.reported.protocols"),
])  # fmt: skip
def test_what_no_study_can_hold_is_refused_in_one_line(
    row: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a.csv").write_text(f"seed,step,metric,value,protocol\n{row}\n")
    code, told = new(tmp_path, capsys)
    assert (code, told.count("\n")) == (1, 1)
    assert words in told


def tables(folder: Path, **rows: list[str]) -> None:
    """Tables of rows (seed, step, metric, value, protocol); one of which no row has a protocol lacks the column."""
    (folder / "runs").mkdir()
    for name, own in rows.items():
        names = "seed,step,metric,value" + ",protocol" * any(row.count(",") > 3 for row in own)
        (folder / "runs" / f"{name}.csv").write_text("\n".join([names, *own]) + "\n")


def protocols_read(folder: Path) -> dict[str, dict[float, str]]:
    """Of every arm of the study that was written, the protocol that each value is read as."""
    found = {}
    with contextlib.chdir(folder):
        for name in load_study(Path("study.yaml")).elsewhere:
            assert main(["import", "--config", "study.yaml", "--arm", name]) == 0
            rows = pd.read_csv(Path("results/runs/elsewhere") / name / "metrics.csv")
            rows = rows[rows["metric"] == "fid"]
            found[name] = dict(zip(rows["value"], rows["protocol"], strict=True))
    return found


@pytest.mark.parametrize(("rows", "read"), [
    (
        {"a": ["0,10,fid,1"], "b": ["0,10,fid,2,clean-fid 50k"]},
        {"a": {1: "unstated"}, "b": {2: "clean-fid 50k"}},
    ),
    (
        {"a": ["0,10,fid,1,x", "1,10,fid,2,y"], "b": ["0,10,fid,3,y"]},
        {"a": {1: "x", 2: "y"}, "b": {3: "y"}},
    ),
    (
        {"a": ["0,10,fid,1,unstated", "1,10,fid,2,"]},
        {"a": {1: "unstated", 2: "unstated-2"}},
    ),
    (
        {"a": ["0,10,fid,1,elsewhere", "1,10,fid,2,elsewhere/x", "2,10,fid,3,x"], "b": ["0,10,fid,4"]},
        {"a": {1: "elsewhere", 2: "elsewhere/x", 3: "x"}, "b": {4: "unstated"}},
    ),
], ids=["a file names none", "two are named", "a row names none", "they are called as here"])  # fmt: skip
def test_numbers_are_of_the_protocol_that_their_files_name_and_others_of_none_of_these(
    rows: dict[str, list[str]], read: dict[str, dict[float, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of a file that named none were read as another file's."""
    tables(tmp_path, **rows)
    assert new(tmp_path, capsys)[0] == 0
    assert protocols_read(tmp_path) == {
        arm: {value: f"elsewhere/{name}" for value, name in own.items()} for arm, own in read.items()
    }
    told = "of numbers whose files name none: whether they compare with others, nobody here knows"
    assert (told in (tmp_path / "study.yaml").read_text()) == ("unstated" in str(read))


@pytest.mark.parametrize(("rows", "arms", "protocol"), [
    ({"a": ["0,10,fid,1,x"], "b": ["0,10,fid,2,x: y"], "c": ["0,10,fid,3,x: y"]}, ("c", "b"), "elsewhere/x: y"),
    ({"a": ["0,10,fid,1,x"], "b": ["0,10,fid,2,y"]}, (), ""),
])  # fmt: skip
def test_the_claim_that_it_suggests_is_on_arms_that_have_one_protocol(
    rows: dict[str, list[str]], arms: tuple[str, ...], protocol: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables(tmp_path, **rows)
    assert new(tmp_path, capsys)[0] == 0
    path = tmp_path / "study.yaml"
    text = path.read_text()
    path.write_text(text.replace("\n# ", "\n").replace("margin: ...", "margin: 0.1") if arms else text)
    claims = [claim.model_dump() for claim in written(tmp_path).claims]
    assert [(claim["arms"], claim["protocol"]) for claim in claims] == [(arms, protocol)] * bool(arms)
    assert arms or "# A claim compares two arms of one experiment, by one protocol." in text


def test_of_what_is_wrong_with_a_whole_study_the_message_alone_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The study was told in front of it, as Python writes it, and cut off."""
    tables(tmp_path, a=["0,10,fid,1"])
    write = new_study.study_text
    monkeypatch.setattr(new_study, "study_text", lambda *of: write(*of).replace('baseline: "a"', "baseline: b"))
    told = "runs: no study file can hold what is there (experiment 'reported': 'baseline' is no arm of it: 'b'"
    assert new(tmp_path, capsys)[1].startswith(f"vigan: {told}")
