"""Your own features and images measured, through the command line."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vigan.cli.parser import main
from vigan.metrics.frechet import frechet
from vigan.metrics.neighbours import density_coverage, precision_recall
from vigan.metrics.vendi import vendi

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(400, 16)), RNG.normal(size=(300, 16)) * 0.7 + 0.2
FACES = RNG.integers(0, 256, (40, 3, 16, 16), dtype=np.uint8)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIGAN_CACHE", str(tmp_path / "cache"))
    np.save(tmp_path / "real.npy", REAL)
    np.save(tmp_path / "fake.npy", FAKE)
    np.save(tmp_path / "faces.npy", FACES)
    np.save(tmp_path / "flat.npy", FACES // 64 * 8)
    return tmp_path


def _metrics(files: Path, *more: str, real: str = "real.npy", fake: str = "fake.npy") -> int:
    return main(["metrics", "--real", str(files / real), "--fake", str(files / fake), *more])


def _evaluate(files: Path, *more: str, images: str = "flat.npy") -> int:
    return main(["evaluate", "--images", str(files / images), "--reference", str(files / "faces.npy"), *more])


def test_features_give_the_known_numbers(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _metrics(files) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.keys() == {
        "frechet", "kid_mean", "kid_std", "precision", "recall", "density", "coverage",
        "vendi_real", "vendi_fake", "n_real", "n_fake",
    }  # fmt: skip
    assert found["frechet"] == pytest.approx(2.41317849178, rel=1e-11)
    assert found["frechet"] == pytest.approx(frechet(REAL, FAKE))
    assert (found["precision"], found["recall"]) == precision_recall(REAL, FAKE, 3)
    assert (found["density"], found["coverage"]) == density_coverage(REAL, FAKE, 5)
    assert (found["vendi_real"], found["vendi_fake"]) == pytest.approx((vendi(REAL), vendi(FAKE)))
    assert (found["n_real"], found["n_fake"]) == (400, 300)


def test_one_k_is_for_all_four_neighbourhood_metrics(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _metrics(files, "--k", "3") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["precision"] == pytest.approx(0.983333, abs=1e-6)
    assert found["recall"] == 0.23
    assert found["density"] == pytest.approx(2.895556, abs=1e-6)
    assert found["coverage"] == 0.8875


def test_a_seed_repeats_and_another_differs(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for seed in ("0", "0", "1"):
        assert _metrics(files, "--seed", seed) == 0
        told.append(json.loads(capsys.readouterr().out)["kid_mean"])
    assert told[0] == told[1] != told[2]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda a: np.where(a > 3, np.nan, a), "NaN"),
        (lambda a: a[:1], "1 rows, this metric needs at least"),
        (lambda a: a[:3], "3 rows, this metric needs at least"),
        (lambda a: a[:, :5], "16.*5|5.*16"),
        (lambda a: a[0], "expected"),
        (lambda a: a * 1e60, "divide both by a constant"),
    ],
    ids=["nan", "one row", "too few", "widths", "one axis", "huge"],
)
@pytest.mark.parametrize("side", ["real", "fake"])
def test_bad_features_are_an_error_and_never_a_number(
    files: Path, capsys: pytest.CaptureFixture[str], side: str, spoil, told: str
) -> None:
    np.save(files / "bad.npy", spoil({"real": REAL, "fake": FAKE}[side] * 1.5))
    assert _metrics(files, **{side: "bad.npy"}) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "bad.npy" in shown.err
    assert shown.err.count("\n") == 1
    assert re.search(told, shown.err)


def test_what_has_no_number_is_null_and_told(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(files / "zeros.npy", np.vstack([FAKE[:290], np.zeros((10, 16))]))
    assert _metrics(files, fake="zeros.npy") == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (found["vendi_fake"], found["vendi_real"]) == (None, pytest.approx(vendi(REAL)))
    assert found["notes"][0] == "vendi_fake: null, as 10 rows are all zero and have no cosine"
    assert found["notes"][1].startswith("10 fake rows have 3 copies or more")
    assert _metrics(files, real="fake.npy") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kid_std"] is None
    assert found["notes"] == ["kid_std: null, as all rows make one subset, which has no deviation"]


def test_a_k_without_a_neighbour_is_an_error(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _metrics(files, "--k", "400") == 1
    assert "vigan: " in capsys.readouterr().err


def test_a_pickle_in_the_place_of_features_is_never_loaded(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(files / "bad.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert _metrics(files, fake="bad.npy") == 1
    assert "cannot be read as an array" in capsys.readouterr().err
    assert _metrics(files, fake="absent.npy") == 1
    assert "not there" in capsys.readouterr().err


def test_images_are_measured_with_a_floor_of_other_real_images(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _evaluate(files, "--samples", "20") == 0
    found = json.loads(capsys.readouterr().out)
    assert re.fullmatch(r"efflite0-128/n=20/ref=faces\.npy-[0-9a-f]{8}", found["protocol"])
    assert found["values"]["frechet"] > 2 * found["floor"]["frechet"] > 0


def test_a_reference_too_small_for_two_samples_has_no_floor(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _evaluate(files, images="faces.npy") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["floor"] is None
    assert found["values"]["coverage"] == 1


def test_the_reference_is_computed_once(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vigan.evaluation.features import FeatureMetrics

    assert _evaluate(files, "--samples", "20") == 0
    first = capsys.readouterr().out
    monkeypatch.setattr(FeatureMetrics, "reference_arrays", lambda *_: pytest.fail("computed again"))
    assert _evaluate(files, "--samples", "20") == 0
    assert capsys.readouterr().out == first


def test_what_cannot_be_measured_is_refused_in_one_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for more, told in (
        (["--samples", "41"], "40 images, 41 samples were asked for"),
        (["--extractor", "efflite"], "did you mean 'efflite0-128'"),
        (["--samples", "2"], "needs at least"),
    ):
        assert _evaluate(files, *more) == 1
        shown = capsys.readouterr()
        assert told in shown.err
        assert shown.out == ""
    assert main(["evaluate", "--images", str(files / "flat.npy")]) == 1
    assert "--reference" in capsys.readouterr().err


def test_references_of_one_name_are_told_apart_and_a_dot_has_a_name(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    for place, images in (("a", FACES), ("b", FACES[::-1])):
        (files / place / "test").mkdir(parents=True)
        for number, image in enumerate(images[:6]):
            Image.fromarray(np.moveaxis(image, 0, 2)).save(files / place / "test" / f"{number}.png")
        monkeypatch.chdir(files / place / "test")
        assert main(["evaluate", "--images", ".", "--reference", ".", "--threads", "1"]) == 0
        names.append(json.loads(capsys.readouterr().out)["protocol"])
    assert names[0] != names[1]
    assert all(name.startswith("efflite0-128/n=6/ref=test-") for name in names)


@pytest.mark.parametrize("kind", ["npz", "zip"])
def test_images_come_in_an_npz_of_one_array_and_in_a_zip(
    kind: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if kind == "npz":
        np.savez(files / "set.npz", FACES)
    else:
        with zipfile.ZipFile(files / "set.zip", "w") as archive:
            for number, image in enumerate(FACES):
                (files / "one.png").unlink(missing_ok=True)
                Image.fromarray(np.moveaxis(image, 0, 2)).save(files / "one.png")
                archive.write(files / "one.png", f"folder/{number:03}.png")
    assert _evaluate(files, images=f"set.{kind}") == 0
    assert json.loads(capsys.readouterr().out)["values"]["coverage"] == 1


def test_features_come_in_an_npz_of_one_array(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(files / "real.npz", REAL)
    np.savez(files / "two.npz", a=REAL, b=REAL)
    assert _metrics(files, real="real.npz") == 0
    assert json.loads(capsys.readouterr().out)["n_real"] == 400
    assert _metrics(files, real="two.npz") == 1
    assert "2 arrays in one file (a, b)" in capsys.readouterr().err


def test_without_a_cache_that_can_be_written_images_are_measured_and_vigan_cache_is_named(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (files / "file").write_text("in the way")
    monkeypatch.setenv("VIGAN_CACHE", str(files / "file" / "cache"))
    assert _evaluate(files) == 0
    told = capsys.readouterr()
    assert "VIGAN_CACHE names another folder" in told.err
    assert json.loads(told.out)["values"]["frechet"] > 0


def test_copies_among_the_images_are_told(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(files / "copies.npy", np.repeat(FACES[:10], 4, axis=0))
    assert _evaluate(files, images="copies.npy") == 0
    assert json.loads(capsys.readouterr().out)["notes"][0].endswith("copies.npy: 30 of 40 images are copies of others")
