"""Your own features measured, through the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from vigan.cli.parser import main
from vigan.metrics.frechet import frechet
from vigan.metrics.neighbours import density_coverage, precision_recall
from vigan.metrics.vendi import vendi

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(400, 16)), RNG.normal(size=(300, 16)) * 0.7 + 0.2


@pytest.fixture
def files(tmp_path: Path) -> Path:
    np.save(tmp_path / "real.npy", REAL)
    np.save(tmp_path / "fake.npy", FAKE)
    return tmp_path


def _metrics(files: Path, *more: str, real: str = "real.npy", fake: str = "fake.npy") -> int:
    return main(["metrics", "--real", str(files / real), "--fake", str(files / fake), *more])


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


def test_copies_among_the_reals_are_told_from_the_smaller_neighbourhood_on(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Precision asks for the third neighbour of a real row, density for the fifth."""
    for copies, told in ((3, []), (4, ["300 real rows have 3 copies or more"])):
        np.save(files / "copies.npy", np.repeat(REAL[: 300 // copies], copies, axis=0)[:300])
        assert _metrics(files, real="copies.npy") == 0
        notes = json.loads(capsys.readouterr().out).get("notes", [])
        assert [note.partition(":")[0] for note in notes if "real rows" in note] == told


def test_a_k_without_a_neighbour_is_an_error(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _metrics(files, "--k", "400") == 1
    assert "vigan: " in capsys.readouterr().err


def test_a_pickle_in_the_place_of_features_is_never_loaded(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(files / "bad.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert _metrics(files, fake="bad.npy") == 1
    assert "cannot be read as an array" in capsys.readouterr().err
    assert _metrics(files, fake="absent.npy") == 1
    assert "not there" in capsys.readouterr().err


def test_features_come_in_an_npz_of_one_array(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(files / "real.npz", REAL)
    np.savez(files / "two.npz", a=REAL, b=REAL)
    assert _metrics(files, real="real.npz") == 0
    assert json.loads(capsys.readouterr().out)["n_real"] == 400
    assert _metrics(files, real="two.npz") == 1
    assert "2 arrays in one file (a, b)" in capsys.readouterr().err
