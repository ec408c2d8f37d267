"""clean-fid's own code beside ours, on the same images with the same network."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from vigan.bench.witness import make_images, stand_in
from vigan.cli.parser import main
from vigan.data.load_images import open_gallery
from vigan.evaluation import anybody
from vigan.evaluation.anybody import made_with
from vigan.evaluation.extraction import features_of
from vigan.evaluation.statistics import of_features, read_statistics, write_statistics
from vigan.evaluation.witness import REASONS, Case, Witness, ask
from vigan.features.base import Extractor
from vigan.features.inception import InceptionClean
from vigan.metrics.frechet import frechet

REAL = os.environ.get("VIGAN_INCEPTION", "")
COUNT = 2100 if REAL else 300
"""More images than features: with fewer, clean-fid's matrix root is not exact."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def extractor(tmp_path_factory: pytest.TempPathFactory) -> Extractor:
    return InceptionClean(weights=Path(REAL)) if REAL else stand_in(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    made = make_images(folder, COUNT, 48)
    made.reference.rename(folder / "reference")
    made.images.rename(folder / "images")
    return folder


@pytest.fixture(autouse=True)
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extractor: Extractor) -> None:
    monkeypatch.setenv("VIGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(anybody, "make_extractor", lambda name, device: extractor)


def test_clean_fid_gives_our_fid_and_kid_on_the_same_folders(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = ["--images", str(files / "images"), "--reference", str(files / "reference")]
    assert main(["evaluate", *paths, "--extractor", "inception-clean", "--witness", "clean-fid"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["distance"] == "FID, resized as clean-fid does"
    (witness,) = found["witnesses"]
    assert witness["tool"] == "clean-fid 0.1.35"
    assert witness["ours"]["frechet"] == found["values"]["frechet"]
    assert witness["theirs"]["frechet"] == pytest.approx(found["values"]["frechet"], rel=1e-4)
    assert abs(witness["difference"]["frechet"]) < 1e-4
    if not REAL:  # 1,000 or fewer: one subset, all of them
        assert witness["theirs"]["kid_mean"] == pytest.approx(found["values"]["kid_mean"], rel=1e-4)


def test_a_choice_of_images_is_shown_to_it_as_files(
    files: Path, extractor: Extractor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "images.npy", np.stack(list(open_gallery(files / "images")[:280])))
    paths = ["--images", str(tmp_path / "images.npy"), "--reference", str(files / "reference")]
    told = ["--samples", "270", "--reals", "265", "--witness", "clean-fid"]
    assert main(["evaluate", *paths, *told, "--extractor", "inception-clean"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["protocol"].startswith("inception-clean/n=270/ref=reference-")
    assert found["protocol"].endswith("/reals=265")
    assert abs(found["witnesses"][0]["difference"]["frechet"]) < 1e-4


def test_statistics_are_taken_from_clean_fid_and_given_to_it(files: Path, extractor: Extractor, tmp_path: Path) -> None:
    real, fake = (features_of(extractor, open_gallery(files / name), name) for name in ("reference", "images"))
    write_statistics(tmp_path / "ours.npz", of_features(real, made_with(extractor)), with_features=False)
    case = Case(files / "images", files / "reference", fake, real)
    numbers = ask(Witness.named("clean-fid"), extractor, case, exchange=tmp_path)["numbers"]
    ours = frechet(real, fake)
    assert numbers["frechet"] == pytest.approx(ours, rel=1e-4)
    assert numbers["frechet_by_ours"] == pytest.approx(ours, rel=1e-4)
    theirs = read_statistics(tmp_path / "theirs.npz")
    assert theirs is not None
    np.testing.assert_allclose(theirs.gaussian.covariance, np.cov(real, rowvar=False), rtol=0, atol=1e-5)


def test_a_tool_that_is_not_there_or_not_known_is_one_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = ["--images", str(files / "images"), "--reference", str(files / "reference"), "--samples", "20"]
    for witness, told in (
        ("clean_fid", "no witness 'clean_fid'; did you mean 'clean-fid'"),
        ("torch-fidelity", "No module named 'torch_fidelity'; write --witness torch-fidelity=PYTHON"),
        ("prdc=/absent/python", "/absent/python: cannot be run"),
    ):
        assert main(["evaluate", *paths, "--reals", "equal", "--witness", witness]) == 1
        shown = capsys.readouterr()
        assert told in shown.err
        assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert Witness.named(f"prdc={sys.executable}").python == Path(sys.executable)
    assert "clean-fid" in REASONS["frechet"]
