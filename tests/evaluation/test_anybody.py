"""Anybody's images measured, through the command line."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from vigan import rng
from vigan.cli.parser import main
from vigan.config.base import ConfigError
from vigan.evaluation import anybody, extraction, opened
from vigan.evaluation.request import Request
from vigan.evaluation.statistics import read_statistics
from vigan.evaluation.witness import Witness
from vigan.features import extractors
from vigan.features.base import Extractor
from vigan.features.efflite import EffLite0
from vigan.metrics.frechet import frechet
from vigan.metrics.neighbours import precision_recall

FACES = np.random.default_rng(0).integers(0, 256, (40, 3, 16, 16), dtype=np.uint8)
FLAT = FACES // 64 * 8
Run = Callable[..., Any]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extractor: EffLite0) -> Path:
    monkeypatch.setenv("VIGAN_CACHE", str(tmp_path / "cache"))
    for module in (anybody, extractors):
        monkeypatch.setattr(module, "make_extractor", lambda name, device: extractor)
    np.save(tmp_path / "faces.npy", FACES)
    np.save(tmp_path / "flat.npy", FLAT)
    return tmp_path


@pytest.fixture
def evaluate(files: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Measures images of the folder and gives what is told: JSON, or the line of an error."""

    def run(*more: str, images: str = "flat.npy", reference: str = "faces.npy") -> Any:
        code = main(["evaluate", "--images", str(files / images), "--reference", str(files / reference), *more])
        shown = capsys.readouterr()
        if code == 0:
            found = json.loads(shown.out)
            found["protocol"] = re.sub(r"-[0-9a-f]{8}/reals", "/reals", found["protocol"])
            return found
        assert (code, shown.out, shown.err.count("\n")) == (1, "", 1)
        return shown.err

    return run


@pytest.fixture
def statistics(files: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Path]:
    """Writes statistics of the real images."""

    def write(name: str, *more: str, images: str = "faces.npy") -> Path:
        assert main(["statistics", str(files / images), "-o", str(files / name), *more]) == 0
        capsys.readouterr()
        return files / name

    return write


def test_all_images_are_compared_with_all_of_the_reference_unless_told(evaluate: Run, extractor: Extractor) -> None:
    found = evaluate("--samples", "30")
    assert found["protocol"] == "efflite0-128/n=30/ref=faces.npy/reals=40"
    assert (found["fakes"], found["reals"]) == (30, 40)
    whole = evaluate()
    assert whole["protocol"] == "efflite0-128/n=40/ref=faces.npy/reals=40"
    assert whole["values"]["frechet"] == pytest.approx(frechet(extractor(FACES), extractor(FLAT)), rel=1e-6)
    expected = precision_recall(extractor(FACES), extractor(FLAT), 3)
    assert (whole["values"]["precision"], whole["values"]["recall"]) == expected


def test_it_says_that_its_distance_is_no_fid_and_how_images_were_resized(evaluate: Run) -> None:
    found = evaluate("--samples", "20")
    assert found["distance"] == "FD-efflite0, not an FID"
    assert found["input"] == "each image to 128x128 by Pillow's antialiased bicubic, as clean-fid does"


def test_the_floor_is_a_part_of_the_reference_against_its_rest(evaluate: Run) -> None:
    found = evaluate("--samples", "20")
    assert found["values"]["frechet"] > 2 * found["floor"]["frechet"] > 0
    assert found["floor_note"] == "20 of the reference against its other 20"


def test_with_as_many_reals_the_floor_is_of_others(evaluate: Run) -> None:
    found = evaluate("--samples", "20", "--reals", "equal")
    assert found["protocol"] == "efflite0-128/n=20/ref=faces.npy/reals=20"
    assert found["values"]["frechet"] > 2 * found["floor"]["frechet"] > 0
    assert "floor_note" not in found
    assert evaluate("--samples", "10", "--reals", "25")["reals"] == 25


def test_a_reference_too_small_for_a_floor_says_so(evaluate: Run) -> None:
    found = evaluate(images="faces.npy")
    assert found["floor"] is None
    assert found["floor_note"] == "the reference has 40 images; 40 of them against 40 others would take 80"
    assert found["values"]["coverage"] == 1


def test_the_reference_is_looked_at_once(evaluate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = evaluate("--samples", "20")
    seen: list[str] = []
    whole = anybody.features_of
    for module in (anybody, extraction):
        monkeypatch.setattr(module, "features_of", lambda e, g, title: seen.append(title) or whole(e, g, title))
    assert evaluate("--samples", "20") == first
    assert seen == ["flat.npy"]


def test_it_says_what_of_the_distance_is_bias_and_shows_the_fit_if_asked(evaluate: Run) -> None:
    found = evaluate("--infinity")
    fitted = found["frechet_infinity"]
    assert fitted["sizes"][-1] == 40
    assert fitted["distances"][-1] == pytest.approx(found["values"]["frechet"], rel=1e-9)
    assert fitted["excess"] == pytest.approx(found["values"]["frechet"] - fitted["value"])
    assert found["frechet_bias_of_equal"] > 0
    assert fitted["note"].startswith("40 images of 1280 features: below four times as many the law does not hold")
    assert "frechet_infinity" not in evaluate()


def test_copies_of_the_reference_are_seen(evaluate: Run) -> None:
    copies = evaluate(images="faces.npy")["values"]
    assert copies["authenticity"] == 0
    assert copies["nearest_ratio"] < 1e-3
    assert evaluate("--samples", "20")["floor"]["nearest_ratio"] > 0.8


@pytest.mark.parametrize("name", ["ref.npz", "ref.pt"])
def test_statistics_give_the_distance_that_their_images_give(
    name: str, evaluate: Run, statistics: Callable[..., Path]
) -> None:
    told = [] if name == "ref.npz" else ["--made-with", "efflite0-128", "--made-of", "40"]
    found = evaluate(*told, reference=statistics(name).name)
    assert found["protocol"] == f"efflite0-128/n=40/ref={name}/reals=40"
    assert found["values"] == {"frechet": pytest.approx(evaluate()["values"]["frechet"], rel=1e-5)}
    assert found["floor"] is None
    assert "mean and a covariance" in found["floor_note"]


def test_what_was_done_to_images_before_statistics_is_compared_and_told(
    evaluate: Run, statistics: Callable[..., Path], files: Path
) -> None:
    """Cropped and whole images were one and the same in the file."""
    (files / (folder := "pngs")).mkdir()
    for number, face in enumerate(FACES[:20]):
        Image.fromarray(face.transpose(1, 2, 0)).save(files / folder / f"{number}.png")
    plain = statistics("plain.npz", images=folder).name
    cropped = statistics("cropped.npz", "--crop", "12", "--resize", "32", images=folder).name
    assert "the reference's was: centre crop 12x12, to 32x32" in evaluate(reference=cropped, images=folder)["input"]
    same = evaluate("--crop", "12", "--resize", "32", reference=cropped, images=folder)["input"]
    assert same.startswith("centre crop 12x12, to 32x32")
    assert "the reference's was" not in same
    other = evaluate("--crop", "12", "--resize", "32", reference=plain, images=folder)["input"]
    assert "the reference's was: each image" in other


def test_statistics_with_features_give_every_metric(evaluate: Run, statistics: Callable[..., Path]) -> None:
    assert evaluate(reference=statistics("ref.npz", "--features").name)["values"] == evaluate()["values"]


def test_files_of_others_are_read_when_it_is_said_what_they_are(
    evaluate: Run, files: Path, extractor: Extractor
) -> None:
    features = extractor(FACES)
    mean, covariance = features.mean(0), np.cov(features, rowvar=False)
    np.savez_compressed(files / "pytorch-fid.npz", mu=mean, sigma=covariance)
    torch.save({"mu": mean, "sigma": covariance}, files / "torch-fidelity.pt")
    np.savez(files / "clean-fid_kid.npz", feats=features)
    np.save(files / "features.npy", features)
    torch.save(torch.from_numpy(features), files / "features.pt")
    whole = evaluate()["values"]
    for name in ("pytorch-fid.npz", "torch-fidelity.pt", "clean-fid_kid.npz", "features.npy", "features.pt"):
        assert "does not say which extractor its 1280 numbers are of" in evaluate(reference=name)
        said = ("--made-with", "efflite0-128")
        if name in {"pytorch-fid.npz", "torch-fidelity.pt"}:
            assert "add --made-of N, or --made-of unknown" in evaluate(*said, reference=name)
            assert evaluate(*said, "--made-of", "unknown", reference=name)["reals"] == "unknown"
        found = evaluate(*said, "--made-of", "40", reference=name)
        assert found["reals"] == 40
        assert found["values"]["frechet"] == pytest.approx(whole["frechet"], rel=1e-5)
        assert found["frechet_bias_of_equal"] == pytest.approx(evaluate()["frechet_bias_of_equal"], rel=1e-4)
    assert found["values"]["coverage"] == whole["coverage"]


def test_statistics_of_another_extractor_are_refused(
    evaluate: Run, statistics: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, files: Path
) -> None:
    reference = statistics("ref.npz").name
    monkeypatch.setattr(EffLite0, "weights_sha256", "0" * 64)
    assert "made with 'efflite0-128' of other weights" in evaluate(reference=reference)
    np.savez(files / "fid.npz", mu=np.zeros(2048), sigma=np.eye(2048))
    told = evaluate("--made-with", "inception-clean", "--made-of", "50000", reference="fid.npz")
    assert "2048 numbers an image, made with 'inception-clean'; 'efflite0-128' gives 1280" in told
    assert "gives 1280" in evaluate("--made-with", "efflite0-128", "--made-of", "5", reference="fid.npz")


def test_images_in_a_zip_and_in_adm_s_npz_are_those_of_the_array(evaluate: Run, files: Path) -> None:
    with zipfile.ZipFile(files / "faces.zip", "w") as archive:
        for index, face in enumerate(FACES):
            with archive.open(f"00000/{index:05d}.png", "w") as stream:
                Image.fromarray(np.moveaxis(face, 0, 2)).save(stream, "PNG")
    statistics_of_another_network = {"mu": np.zeros(2048), "sigma": np.eye(2048)}
    np.savez(files / "adm.npz", np.moveaxis(FACES, 1, 3), **statistics_of_another_network)
    whole = evaluate()["values"]["frechet"]
    for name in ("faces.zip", "adm.npz"):
        assert evaluate(reference=name)["values"]["frechet"] == pytest.approx(whole, rel=1e-5)


def test_images_of_unequal_sizes_are_each_resized_as_clean_fid_does(
    evaluate: Run, files: Path, extractor: Extractor
) -> None:
    (files / "photographs").mkdir()
    pictures = [face[:, : 9 + index % 4] for index, face in enumerate(FACES[:16])]
    for index, picture in enumerate(pictures):
        Image.fromarray(np.moveaxis(picture, 0, 2)).save(files / "photographs" / f"{index:02d}.png")
    found = evaluate(reference="photographs")
    expected = frechet(np.concatenate([extractor(picture[None]) for picture in pictures]), extractor(FLAT))
    assert found["values"]["frechet"] == pytest.approx(expected, rel=1e-4)
    assert (
        "centre square, to 32x32" in evaluate("--resize", "32", images="photographs", reference="photographs")["input"]
    )


def _save(path: Path, **arrays: Any) -> None:
    np.savez(path, **arrays)


TWO = {"mu": np.zeros(2), "sigma": np.eye(2)}
BAD = {
    "empty": (lambda path: path.mkdir(), "no image in it"),
    "absent.npz": (lambda path: None, "not there"),
    "nothing.npz": (lambda path: _save(path, a=np.zeros(3)), "images are uint8"),
    "half.npz": (lambda path: _save(path, mu=np.zeros(3)), "'mu' without 'sigma'"),
    "nan.npz": (lambda path: _save(path, mu=np.full(3, np.nan), sigma=np.eye(3)), "NaN"),
    "shapes.npz": (lambda path: _save(path, mu=np.zeros(3), sigma=np.eye(4)), "covariance of shape"),
    "lopsided.npz": (lambda path: _save(path, mu=np.zeros(2), sigma=np.array([[1.0, 0], [0.5, 1]])), "not symmetric"),
    "negative.npz": (lambda path: _save(path, mu=np.zeros(2), sigma=np.diag([1.0, -1])), "negative eigenvalues"),
    "objects.npz": (
        lambda path: np.savez(path, mu=np.array([{}]), sigma=np.eye(1), allow_pickle=True),
        "it holds objects",
    ),
    "no-numbers.npz": (lambda path: _save(path, mu=np.zeros(0), sigma=np.zeros((0, 0))), "'mu' is empty"),
    "told.npz": (lambda path: _save(path, **TWO, made=np.array('{"images": "40"}')), "'made' is not what"),
    "one.npz": (lambda path: _save(path, **TWO, made=np.array('{"images": 1}')), "'made' is not what"),
    "list.npz": (lambda path: _save(path, **TWO, made=np.array('{"extractor": ["a"]}')), "'made' is not what"),
    "words.npz": (lambda path: _save(path, mu=np.array(["a"]), sigma=np.eye(1)), "not real numbers"),
    "notes.npz": (lambda path: path.write_text("hello"), "cannot be read"),
    "program.pkl": (lambda path: path.write_bytes(b""), "a pickle may run any program"),
    "program.pt": (lambda path: torch.save(Path("a"), path), "cannot be read as torch-fidelity's arrays"),
    "words.pt": (lambda path: path.write_text("hello"), "cannot be read as torch-fidelity's arrays"),
    "number.pt": (lambda path: torch.save(3, path), "neither torch-fidelity's statistics nor its features"),
    "rows.npy": (lambda path: np.save(path, np.full((3, 4), np.nan)), "NaN"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_reference_that_is_none_is_one_line_and_never_a_number(name: str, evaluate: Run, files: Path) -> None:
    make, told = BAD[name]
    make(files / name)
    error = evaluate("--made-with", "efflite0-128", "--made-of", "9", reference=name)
    assert told in error
    assert name in error


@pytest.mark.parametrize("error", [LookupError("unknown encoding"), TypeError("argument 1 must be type"), KeyError()])
def test_whatever_torch_says_of_a_damaged_file_is_one_line(
    error: Exception, evaluate: Run, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object, **__: object) -> None:
        raise error

    (files / "damaged.pt").write_bytes(b"anything")
    monkeypatch.setattr(torch, "load", damaged)
    assert "damaged.pt: cannot be read as torch-fidelity's arrays" in evaluate(reference="damaged.pt")


@pytest.mark.parametrize(
    "saved",
    [
        lambda features: features.requires_grad_(),
        lambda features: features.bfloat16(),
        lambda features: features.to_sparse(),
        lambda features: features.double(),
    ],
    ids=["with gradients", "bfloat16", "sparse", "float64"],
)
def test_features_are_read_however_torch_has_saved_them(saved: Callable[..., Any], tmp_path: Path) -> None:
    features = torch.arange(12.0).reshape(4, 3)
    torch.save(saved(features), tmp_path / "real.pt")
    found = read_statistics(tmp_path / "real.pt")
    assert found is not None
    np.testing.assert_array_equal(found.features, features.detach().numpy())


def test_a_truncated_file_of_statistics_is_named(evaluate: Run, statistics: Callable[..., Path]) -> None:
    path = statistics("ref.npz")
    path.write_bytes(path.read_bytes()[:5000])
    assert "ref.npz: cannot be read" in evaluate(reference="ref.npz")


def test_what_cannot_be_measured_is_refused_in_one_line(
    evaluate: Run, files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(files / "one.npy", FACES[:1])
    assert "40 images, 41 samples were asked for; write --samples 40 or fewer" in evaluate("--samples", "41")
    assert "40 images, 50 reals were asked for; write --reals 40 or fewer" in evaluate("--reals", "50")
    assert "this metric needs at least" in evaluate("--samples", "2")
    assert "1 rows, this metric needs at least 2" in evaluate(reference="one.npy")
    assert "one.npy" in evaluate(images="one.npy")
    monkeypatch.undo()
    assert "did you mean 'efflite0-128'" in evaluate("--extractor", "efflite")
    assert "did you mean 'efflite0-128'" in evaluate("--extractor", "efflite", "--infinity")
    run = ("--arm", "a", "--seed", "0")
    assert "images: --arm, --seed do not go with --images, --reference" in evaluate(*run)
    assert main(["evaluate", *run, "--reals", "3", "--extractor", "efflite0-128"]) == 1
    assert "images: --arm, --seed do not go with --extractor, --reals" in capsys.readouterr().err
    assert main(["evaluate", "--images", str(files / "flat.npy")]) == 1
    assert "--reference" in capsys.readouterr().err
    assert main(["statistics", str(files / "faces.npy"), "-o", str(files / "ref.csv")]) == 1
    assert "written as .npz (clean-fid, pytorch-fid) or .pt (torch-fidelity)" in capsys.readouterr().err
    assert main(["statistics", str(files / "nothing"), "-o", str(files / "ref.pt"), "--features"]) == 1
    assert "torch-fidelity's file holds no features" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["evaluate", "--images", "a", "--reference", "b", "--samples", "0"])


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


def test_without_a_cache_that_can_be_written_images_are_measured_and_vigan_cache_is_named(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (files / "file").write_text("in the way")
    monkeypatch.setenv("VIGAN_CACHE", str(files / "file" / "cache"))
    assert main(["evaluate", "--images", str(files / "flat.npy"), "--reference", str(files / "faces.npy")]) == 0
    told = capsys.readouterr()
    assert "VIGAN_CACHE names another folder" in told.err
    assert json.loads(told.out)["values"]["frechet"] > 0


def test_for_a_user_without_a_home_something_is_kept_among_temporary_files(
    evaluate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VIGAN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(Path, "expanduser", _homeless)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert evaluate()["values"]["frechet"] > 0
    assert list((tmp_path / "temporary").glob("vigan-*/features/*.npz"))


def _homeless(path: Path) -> Path:
    if str(path).startswith("~"):
        raise RuntimeError
    return path


def test_a_reference_whose_file_names_are_no_text_is_measured(files: Path, evaluate: Run) -> None:
    folder = files / "odd"
    folder.mkdir()
    for number, image in enumerate(FACES[:6]):
        path = os.fsdecode(b"%s/caf\xe9-%d.png" % (os.fsencode(folder), number))
        try:
            Image.fromarray(np.moveaxis(image, 0, 2)).save(path)
        except OSError as error:
            pytest.skip(f"this disk takes no such name ({error.strerror})")
    assert evaluate(images="odd", reference="odd")["reals"] == 6


def test_copies_among_the_images_are_told(evaluate: Run, files: Path) -> None:
    np.save(files / "copies.npy", np.repeat(FACES[:10], 4, axis=0))
    assert evaluate(images="copies.npy")["notes"][0].endswith("copies.npy: 30 of 40 images are copies of others")
    assert "notes" not in evaluate()


def test_an_npz_of_one_array_will_do(evaluate: Run, files: Path) -> None:
    np.savez(files / "set.npz", pictures=FACES)
    assert evaluate(images="set.npz")["values"]["coverage"] == 1


def test_options_that_cannot_matter_to_a_reference_are_refused(
    evaluate: Run, files: Path, statistics: Callable[..., Path]
) -> None:
    """They were ignored, and a number for another question was printed."""
    name = statistics("ref.npz").name
    assert "ref.npz: --reals chooses among images; leave it out" in evaluate("--reals", "20", reference=name)
    assert "ref.npz: --made-of 50, and the file says 40" in evaluate("--made-of", "50", reference=name)
    assert "--made-with inception-clean, and the file says" in evaluate(
        "--made-with", "inception-clean", reference=name
    )
    for told in (("--made-with", "efflite0-128"), ("--made-of", "40")):
        assert "say what a file of statistics does not; leave them out" in evaluate(*told)


@pytest.mark.parametrize("count", ["50k", "1", "-3", "4.0", "many", "\u0664\u0660"])
def test_a_number_of_images_that_is_none_is_not_taken_for_unknown(
    count: str, evaluate: Run, files: Path, extractor: Extractor
) -> None:
    features = extractor(FACES)
    np.savez(files / "theirs.npz", mu=features.mean(0), sigma=np.cov(features, rowvar=False))
    line = evaluate("--made-with", "efflite0-128", f"--made-of={count}", reference="theirs.npz")
    assert "write the number of images in digits, such as --made-of 50000, or unknown" in line


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"samples": -5}, {"reals": -3}, {"reals": 2.5}, {"reals": "most"}])
def test_a_number_of_images_that_cannot_be_is_refused_from_python_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="write a whole number from 1 on"):
        Request(Path("a"), Path("b"), "efflite0-128", "cpu", Path("c"), **wrong)


def test_the_distance_of_infinitely_many_is_not_asked_of_what_has_no_such_distance() -> None:
    request = Request(Path("a"), Path("b"), "clip-l14-336", "cpu", Path("c"), infinity=True)
    with pytest.raises(ConfigError, match="'clip-l14-336' gives none; leave it out"):
        anybody.measure_images(request)


def test_what_depends_on_the_reals_alone_is_made_once_for_values_and_floor(
    evaluate: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, made = evaluate("--samples", "10", "--reals", "20"), []
    whole = anybody.Reference
    monkeypatch.setattr(anybody, "Reference", lambda features: made.append(len(features)) or whole(features))
    assert evaluate("--samples", "10", "--reals", "20") == expected
    assert made == [20]


def test_other_tools_are_given_the_network_of_the_cpu(
    files: Path, extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was traced on a GPU keeps constants there, and the tools work on the CPU."""
    asked: list[str] = []
    monkeypatch.setattr(anybody, "make_extractor", lambda name, device: asked.append(device) or extractor)
    monkeypatch.setattr(anybody, "ask", lambda tool, network, case: {"version": "1", "numbers": {}})
    monkeypatch.setattr(opened, "check_tool", lambda tool: None)
    witness = Witness("prdc", Path("python"))
    request = Request(
        files / "flat.npy", files / "faces.npy", "efflite0-128", "cuda", files / "cache", witnesses=(witness,)
    )
    anybody.measure_images(request)
    assert asked == ["cuda", "cpu"]


@pytest.mark.parametrize(
    ("asked", "reference", "told"),
    [
        ([], "typo", "typo: not there"),
        ([], "theirs.npz", "add --made-with"),
        (["--reals", "60"], "faces.npy", "60 reals were asked for"),
        (["--made-of", "50"], "faces.npy", "leave them out"),
        (["--infinity", "--samples", "29"], "faces.npy", "--infinity needs at least 30 images, not 29; leave it out"),
        (["--witness", "prdc"], "ours.npz", "a witness needs images"),
        (["--witness", "prdc=/absent/python"], "faces.npy", "/absent/python: cannot be run"),
        (["--witness", "torch-fidelity=/bin/false"], "faces.npy", "/bin/false: "),
    ],
)
def test_what_cannot_be_is_refused_before_the_first_image_is_looked_at(
    asked: list[str], reference: str, told: str, evaluate: Run, files: Path, statistics: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """An hour of a network's work was lost for a typing error."""
    np.savez(files / "theirs.npz", mu=np.zeros(1280), sigma=np.eye(1280))
    if reference == "ours.npz":
        statistics(reference)
    for module in (anybody, extraction):
        monkeypatch.setattr(module, "features_of", lambda *_: pytest.fail("an image was looked at"))
    assert told in evaluate(*asked, reference=reference)


def test_statistics_that_no_command_takes_are_not_made(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["statistics", str(files / "faces.npy"), "-o", str(files / "x.npz"), "--extractor", "clip-l14-336"]
    assert main(words) == 1
    assert (
        "'clip-l14-336' compares features, and takes no mean and covariance: add --features" in capsys.readouterr().err
    )


@pytest.mark.parametrize("kind", ["images", "images with statistics", "features", "a network", "text"])
def test_statistics_never_replace_a_file_of_something_else(
    kind: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`vigan statistics images.npz -o images.npz` left no images."""
    path = files / ("other.pt" if kind in ("features", "a network") else "other.npz")
    if kind == "images":
        np.savez(path, arr_0=FACES)
    elif kind == "images with statistics":  # as ADM's reference batches are
        np.savez(path, arr_0=FACES, mu=np.zeros(3), sigma=np.eye(3))
    elif kind == "text":
        path.write_text("notes")
    else:
        torch.save(torch.zeros(3, 4) if kind == "features" else {"weight": torch.zeros(3)}, path)
    before, images = path.read_bytes(), path if kind.startswith("images") else files / "faces.npy"
    assert main(["statistics", str(images), "-o", str(path)]) == 1
    told = capsys.readouterr().err
    assert told == f"vigan: {path}: there already, and no statistics alone; remove it, or name another file\n"
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["again.npz", "again.pt"])
def test_statistics_are_written_again_in_the_place_of_others(name: str, statistics: Callable[..., Path]) -> None:
    first = statistics(name, images="flat.npy").read_bytes()
    assert statistics(name).read_bytes() != first


def test_a_cache_that_cannot_be_looked_into_keeps_nothing_and_stops_nothing(
    evaluate: Run, files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where HOME is another user's, of mode 700, or what is kept may not be read."""
    expected, opened = evaluate(), Path.open

    def locked(path: Path, *more: Any, **named: Any) -> Any:
        if path.is_relative_to(files / "cache"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *more, **named)

    monkeypatch.setattr(Path, "open", locked)
    assert evaluate() == expected
    monkeypatch.setattr(extraction, "save", lambda path, *_: locked(path))
    assert main(["evaluate", "--images", str(files / "flat.npy"), "--reference", str(files / "faces.npy")]) == 0
    assert capsys.readouterr().err.count("Permission denied; nothing is kept. VIGAN_CACHE names another folder") == 1


def test_files_that_are_no_images_are_counted(evaluate: Run, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder := files / "telephone").mkdir()
    for number, face in enumerate(FACES[:12]):
        Image.fromarray(face.transpose(1, 2, 0)).save(folder / f"{number}.png")
    for number in range(3):
        (folder / f"{number}.heic").write_bytes(b"none")
    told = f"{folder}: 3 files left out, which are no images"
    assert evaluate("--samples", "10", images="telephone", reference="telephone")["notes"] == [told]
    assert main(["statistics", str(folder), "-o", str(files / "telephone.npz")]) == 0
    assert capsys.readouterr().err == f"{told}\n"


def test_values_are_told_though_the_rest_of_the_reference_has_none_for_a_floor(evaluate: Run, files: Path) -> None:
    np.save(files / "four.npy", FLAT[:4])
    np.save(files / "eight.npy", FACES[:8])
    found = evaluate(images="four.npy", reference="eight.npy")
    assert found["values"]["frechet"] > 0
    assert found["floor"] is None
    assert found["floor_note"].startswith("4 of the reference against its other 4: ")
    assert found["floor_note"].endswith("4 rows, this metric needs at least 6")


def test_others_than_the_reference_are_of_the_floor_before_any_of_it_is(evaluate: Run, extractor: Extractor) -> None:
    found = evaluate("--samples", "15", "--reals", "30")
    assert found["floor_note"] == "5 of the reference and 10 beside it against its other 25"
    order = rng.generator(0, "metric", "reals").permutation(40)
    reals = extractor(FACES[np.sort(order[:30])])
    rows = np.sort(rng.generator(0, "metric", "floor").permutation(30)[:5])
    sample = np.concatenate([reals[rows], extractor(FACES[np.sort(order[30:])])])
    assert found["floor"]["frechet"] == pytest.approx(frechet(np.delete(reals, rows, axis=0), sample), rel=1e-3)


def test_the_name_of_a_reference_is_that_of_its_images_whatever_computes_their_features(
    files: Path, extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU's features differ from a CPU's by rounding, and numbers of two names never share a column."""

    def named(place: str) -> str:
        request = Request(files / "flat.npy", files / "faces.npy", "efflite0-128", "cpu", files / place, samples=10)
        return anybody.measure_images(request)["protocol"]

    first, whole = named("here"), extraction.features_of
    monkeypatch.setattr(extraction, "features_of", lambda *words: whole(*words) * np.float32(1 + 1e-6))
    assert named("there") == first
    np.save(files / "faces.npy", FACES[::-1])
    assert named("here") != first


def test_what_is_kept_of_images_and_damaged_is_told_with_what_makes_it_again(evaluate: Run, files: Path) -> None:
    evaluate()
    (kept,) = (files / "cache" / "features").iterdir()
    kept.write_bytes(b"damaged")
    line = evaluate()
    assert "delete it and run the same command again" in line
    assert "vigan reference" not in line
