"""Samples of runs made elsewhere, measured here by the study's protocols, beside an arm that was trained here."""

from __future__ import annotations

import contextlib
import json
import shutil
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from studies import TINY, forge

from vigan.analysis.tables import read_table
from vigan.config.datasets import Digits, ImageFolder, Ring, Torchvision
from vigan.config.load import load_study
from vigan.data.toy import means
from vigan.io.elsewhere_record import ElsewhereRecord
from vigan.io.files import RecordError
from vigan.layout import Layout
from vigan.report.frames import read_frames
from vigan.stages.analyse import arm_table
from vigan.stages.figures import Files, draw
from vigan.stages.freshness import check_elsewhere
from vigan.stages.kept_samples import keep, seeds_shown
from vigan.stages.snapshot_samples import SnapshotSamples
from vigan.tools.audit import audit

from .conftest import Project

ROWS = [f"      {arm}: {{from: {{format: samples, path: {arm}}}}}\n" for arm in ("theirs", "far")]
BOTH = TINY + "".join(ROWS)
ROOT = Path(__file__).parents[2]
LISTS = ("--deviations", str(ROOT / "config/deviations.yaml"), "--published", str(ROOT / "config/published.yaml"))
STEPS = (0, 20, 60)
PROTOCOL = "toy-modes/n=500/ref=train"


def write_samples(folder: Path, count: int, shift: float) -> None:
    """Points at the modes of the ring, or beside them, of two seeds; a step has few in one of them."""
    modes = means(Ring(source="ring"))
    for seed in (0, 1):
        for step in STEPS:
            draw = np.random.default_rng([seed, step])
            n = 100 if (seed, step) == (1, 20) else count
            points = modes[draw.integers(len(modes), size=n)] + draw.normal(0, 0.02, (n, 2)) + shift
            place = folder / f"seed-{seed}" / f"step-{step}.npz"
            place.parent.mkdir(parents=True, exist_ok=True)
            np.savez(place, points.astype(np.float32))


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("both"), BOTH)
    write_samples(project.folder / "theirs", 600, 0.0)
    write_samples(project.folder / "far", 600, 9.0)
    for stage in (
        ("prepare", "--dataset", "ring"),
        ("reference", "--dataset", "ring", "--protocol", PROTOCOL, "--device", "cpu"),
        ("import", "--arm", "theirs", "--device", "cpu"),
        ("import", "--arm", "far", "--device", "cpu"),
    ):
        code, told = project.vigan(*stage)
        assert code == 0, told
    return project


def numbers(project: Project, arm: str) -> pd.DataFrame:
    return read_table(project.folder / "results" / "tiny" / "elsewhere" / arm / "metrics.csv")


def test_good_samples_find_every_mode_and_far_ones_none(measured: Project) -> None:
    for arm, modes in (("theirs", 8.0), ("far", 0.0)):
        table = numbers(measured, arm)
        last = table[(table["metric"] == "modes") & (table["step"] == 60)]
        assert set(last["protocol"]) == {PROTOCOL}
        assert last.set_index("seed")["value"].to_dict() == {0: modes, 1: modes}


def test_a_snapshot_of_too_few_samples_is_not_measured_and_told(measured: Project) -> None:
    table = numbers(measured, "theirs")
    assert not ((table["seed"] == 1) & (table["step"] == 20)).any()
    code, told = measured.vigan("import", "--arm", "theirs", "--device", "cpu")
    assert code == 0
    assert "Not measured: 1 of 6 snapshots, for a protocol takes more samples" in told


def test_a_reference_that_is_made_anew_makes_the_numbers_old(measured: Project) -> None:
    study = load_study(measured.config)
    assert study.pictured_pairs() == [("plain", "regularised")]
    path = next((measured.folder / "data").glob("*/reference/toy-modes-n500.json"))
    kept = path.read_bytes()
    forge(path, code_sha256="0" * 64)
    with contextlib.chdir(measured.folder):
        with pytest.raises(RecordError, match=r"arm 'theirs': made from other references\.toy-modes.*; read it again"):
            check_elsewhere(Layout(study))
        path.write_bytes(kept)
        check_elsewhere(Layout(study))


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (np.zeros((600, 3), np.float32), "float32 of shape (600, 3); points are finite floats (n, 2)"),
        (np.full((600, 2), np.nan, np.float32), "points are finite floats"),
        (np.zeros((600, 2), np.int64), "int64 of shape (600, 2)"),
        (np.array(["a"]), "points are finite floats"),
    ],
)
def test_samples_of_another_form_are_refused_in_one_line(measured: Project, points: np.ndarray, words: str) -> None:
    place = measured.folder / "far" / "seed-0" / "step-0.npz"
    kept = place.read_bytes()
    np.savez(place, points)
    code, told = measured.vigan("import", "--arm", "far", "--device", "cpu")
    place.write_bytes(kept)
    assert (code, told.count("\n")) == (1, 1)
    assert words in told


def test_pictures_of_any_size_become_the_form_of_the_data_always_the_same_ones(tmp_path: Path) -> None:
    for number, size in enumerate(((40, 50), (64, 64), (90, 33), (12, 12))):
        Image.new("RGB", size, (10 * number, 20, 30)).save(tmp_path / f"{number}.png")
    colour = SnapshotSamples(tmp_path, ImageFolder(source="folder", path="x", side=32), np.dtype(np.uint8))
    assert colour.count == 4
    assert colour.take(3).shape == (3, 3, 32, 32)
    assert (colour.take(3) == colour.take(3)).all()
    assert colour.resized <= {(40, 50), (64, 64), (90, 33), (12, 12)}
    grey = SnapshotSamples(tmp_path, Digits(source="digits"), np.dtype(np.uint8))
    assert grey.take(4).shape == (4, 1, 32, 32)
    assert grey.resized == {(40, 50), (64, 64), (90, 33), (12, 12)}


@pytest.mark.parametrize("form", ["folder", "array"])
def test_samples_of_the_size_of_mnist_s_scans_get_its_black_margin(form: str, tmp_path: Path) -> None:
    """They were stretched, so that every digit was larger than the real ones."""
    scan = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    place = tmp_path / ("step-1" if form == "folder" else "step-1.npy")
    if form == "folder":
        place.mkdir()
        Image.fromarray(scan).save(place / "a.png")
    else:
        np.save(place, scan[None, None])
    for dataset in (Digits(source="digits", origin="mnist"), Torchvision(source="torchvision", name="FashionMNIST")):
        samples = SnapshotSamples(place, dataset, np.dtype(np.uint8))
        assert (samples.take(1) == np.pad(scan, 2)).all()
        assert samples.resized == set()


def test_samples_that_are_resized_are_told(tmp_path: Path) -> None:
    study = TINY.replace("{source: ring, count: 6000}", "{source: digits}").replace("toy-modes", "pixel-bins-32")
    rows = ROWS[0].replace("theirs", "small")
    project = Project(tmp_path, study.replace("{kind: mlp, width: 16}", "{kind: dcgan, batch_norm: true}") + rows)
    draw = np.random.default_rng(0)
    for seed, step in product((0, 1), STEPS):
        for number in range(500):
            place = tmp_path / f"small/seed-{seed}/step-{step}/{number:03d}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw.integers(0, 256, (24, 20), dtype=np.uint8)).save(place)
    for stage in (
        ("prepare", "--dataset", "ring"),
        ("reference", "--dataset", "ring", "--protocol", "pixel-bins-32/n=500/ref=train", "--device", "cpu"),
        ("import", "--arm", "small", "--device", "cpu"),
    ):
        code, told = project.vigan(*stage)
        assert code == 0, told
    record = json.loads((tmp_path / "results/tiny/elsewhere/small/arm.json").read_text())
    assert "Fitted: samples of 20x24 pixels, of which the middle square became 32x32." in record["told"]


def test_hidden_files_and_links_are_no_samples_as_they_are_none_of_the_arm_s_files(tmp_path: Path) -> None:
    for name in ("a.png", ".b.png"):
        Image.new("L", (32, 32)).save(tmp_path / name)
    (tmp_path / "c.png").symlink_to(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("mine")
    digits, dtype = Digits(source="digits"), np.dtype(np.uint8)
    assert SnapshotSamples(tmp_path, digits, dtype).count == 1
    (tmp_path / "a.png").unlink()
    with pytest.raises(RecordError, match="no image in it"):
        SnapshotSamples(tmp_path, digits, dtype)


def test_of_large_images_few_are_kept_for_pictures(tmp_path: Path) -> None:
    np.save(tmp_path / "step-1.npy", np.zeros((70, 1, 32, 32), np.uint8))
    assert len(SnapshotSamples(tmp_path / "step-1.npy", Digits(source="digits"), np.dtype(np.uint8)).few()) == 64
    np.save(tmp_path / "step-2.npy", np.zeros((9, 3, 256, 256), np.uint8))
    large = ImageFolder(source="folder", path="x", side=256)
    assert len(SnapshotSamples(tmp_path / "step-2.npy", large, np.dtype(np.uint8)).few()) == 5


@pytest.mark.parametrize(
    ("seed", "step", "count", "told"),
    [
        (
            0,
            60,
            1,
            "takes more samples than its snapshots hold, such as few/seed-0/step-60.npz; add samples, or ask for",
        ),
        (7, 60, 600, "its samples are of seed 7, which the study does not name"),
        (0, 61, 600, "no number of it is one that the study asks for: Not read: steps after 60, of seed 0"),
    ],
)
def test_samples_of_which_nothing_can_be_measured_are_told_in_a_line(
    measured: Project, seed: int, step: int, count: int, told: str
) -> None:
    place = measured.folder / "few" / f"seed-{seed}"
    shutil.rmtree(place.parent, ignore_errors=True)
    place.mkdir(parents=True)
    np.savez(place / f"step-{step}.npz", np.zeros((count, 2), np.float32))
    other = Project(measured.folder, TINY + ROWS[0].replace("theirs", "few"))
    code, said = other.vigan("import", "--arm", "few", "--device", "cpu")
    other.config.write_text(BOTH)
    assert (code, said.count("\n")) == (1, 1)
    assert told in said


def test_arrays_of_images_must_have_the_form_of_the_data(tmp_path: Path) -> None:
    np.save(tmp_path / "step-1.npy", np.zeros((4, 3, 16, 16), np.uint8))
    samples = SnapshotSamples(tmp_path / "step-1.npy", Digits(source="digits"), np.dtype(np.uint8))
    with pytest.raises(RecordError, match=r"images of shape \(1, 16, 16\), and those of the data are \(1, 32, 32\)"):
        samples.take(2)


def test_arms_of_both_kinds_stand_side_by_side_in_tables_figures_and_page(measured: Project) -> None:
    for arm in ("plain", "regularised"):
        for seed in ("0", "1"):
            for stage, *more in (("train", "--no-tensorboard"), ("evaluate",)):
                code, told = measured.vigan(
                    stage, "--arm", arm, "--seed", seed, "--device", "cpu", "--threads", "1", *more
                )
                assert code == 0, told
    layout = Layout(load_study(measured.config))
    stages = [
        ("analyse",),
        *(("figure", "--kind", kind, "--experiment", "circle") for kind, _ in layout.all_figures()),
        ("frames", "--experiment", "circle"),
        ("contact", "--experiment", "circle"),
        ("movie", "plain", "theirs"),
        ("report", *LISTS),
    ]
    for stage in stages:
        code, told = measured.vigan(*stage)
        assert code == 0, (stage, told)
    tables = measured.folder / layout.tables
    assert set(read_table(tables / "runs.csv")["arm"]) == {"plain", "regularised", "theirs", "far"}
    lines = (tables / "metrics.csv").read_text().splitlines()
    assert any(line.startswith("circle,plain,released,0,60,1920,60,120,") for line in lines)  # whole numbers stay whole
    assert any(line.startswith("circle,theirs,elsewhere,0,60,,,,") for line in lines)
    curves = (measured.folder / layout.figure("curves", "circle")).read_text()
    assert curves.count("not trained here") == 2
    page = (measured.folder / layout.report).read_text()
    assert "Not trained here: theirs, far." in page
    assert 'id="position"' in page  # the slider
    with contextlib.chdir(measured.folder):
        assert audit(layout.study, layout) == []
    _check_pictures(measured.folder, layout, page)


def _check_pictures(folder: Path, layout: Layout, page: str) -> None:
    """Samples from elsewhere stand beside those of trained arms where their steps allow, marked."""
    frames = read_frames(folder / layout.frames("circle"))
    assert [run.arm for run in frames.runs if run.seed == 0] == ["plain", "regularised", "theirs", "far"]
    theirs = next(run for run in frames.runs if (run.arm, run.seed) == ("theirs", 0))
    assert theirs.elsewhere
    assert dict(zip(frames.steps, theirs.missing, strict=True)) == {0: "", 20: "", 40: "no samples", 60: ""}
    assert page.count("theirs <small>not trained here</small>") >= 2  # in the slider, and in the table of samples
    assert "Latents of arms that were not trained here are not known" in page
    drawn = (folder / layout.figure("samples", "circle")).read_text()
    assert drawn.count("not trained here") == 2
    assert "no samples" in drawn
    movie = Image.open(folder / layout.movie("plain", "theirs"))
    assert getattr(movie, "n_frames", 0) == 4
    assert (folder / layout.contact("circle")).stat().st_size > 10_000


ALONE = TINY.split("    shared:")[0] + "    arms:\n" + "".join(ROWS)


@pytest.mark.parametrize(
    ("more", "found", "shown"),
    [
        ("", {"theirs": [1], "far": [1]}, (1, 0)),
        ("", {"theirs": [1], "far": [0, 1]}, (0, 1)),
        ("    more_seeds: {far: [7]}\n", {"theirs": [], "far": [7]}, (7, 0, 1)),
    ],
)
def test_where_the_first_seed_has_no_samples_those_of_the_first_that_has_some_are_shown(
    tmp_path: Path, more: str, found: dict[str, list[int]], shown: tuple[int, ...]
) -> None:
    """The figure was a ZeroDivisionError, and there was no page."""
    config = tmp_path / "tiny.yaml"
    config.write_text(ALONE.replace("    arms:\n", f"{more}    arms:\n"))
    study = load_study(config)
    with contextlib.chdir(tmp_path):
        files = Layout(study).elsewhere_files()
        for arm in files:
            few = {(seed, step): np.zeros((5, 2), np.float32) for seed in found[arm.name] for step in STEPS}
            keep(arm, few, Ring(source="ring"), np.dtype(np.float32))
        assert seeds_shown(study, "circle", files) == shown
        draw("samples", study, "circle", Files(tmp_path, files), tmp_path / "samples.svg")
    drawn = (tmp_path / "samples.svg").read_text()
    assert f"seed {shown[0]}" in drawn
    assert "iteration 60" in drawn


def test_the_table_of_arms_says_which_rows_of_a_table_an_arm_is(tmp_path: Path) -> None:
    row = "      {0}: {{from: {{format: table, path: t.csv, protocol: toy-modes, where: {{method: {0}}}}}}}\n"
    config = tmp_path / "tiny.yaml"
    config.write_text(TINY.split("    shared:")[0] + "    arms:\n" + row.format("wgan") + row.format("stylegan"))
    nothing = ElsewhereRecord.model_construct(runs=(), told=())
    arms = arm_table(load_study(config), {"wgan": nothing, "stylegan": nothing})
    assert arms["where"].tolist() == ['{"method": "wgan"}', '{"method": "stylegan"}']
