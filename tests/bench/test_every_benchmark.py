"""Every benchmark runs at a tiny size and gives what it promises; how fast anything is, no test says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vigan.bench import extraction, growth, metrics, prepare
from vigan.cli.parser import main
from vigan.metrics.frechet import Gaussian, frechet_distance


def test_metrics_are_measured_against_the_usual_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "SIZES", {True: {"frechet": 24, "neighbours": 40, "images": 2}})
    found = metrics.measure(quick=True)
    assert found.summary["frechet"]["error_exact_case"] < 1e-9
    assert found.summary["frechet"]["error_few_rows"] < 1e-6
    assert found.summary["neighbours"].keys() == {"ratio", "peak_gib"}
    parts = {"frechet", "pairs", "neighbours", "vendi", "diversity", "extraction"}
    assert found.summary["snapshot"].keys() == {"all", *parts}
    assert found.details["frechet"]["seconds"].keys() == {"ours", "kept", "sqrtm"}
    assert json.loads(json.dumps(found.summary)) == found.summary


def test_the_usual_way_of_the_frechet_distance_gives_the_same_number() -> None:
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(2, 6, 9))
    p, q = (Gaussian(rng.normal(size=6), root @ root.T, 10) for root in roots)
    assert metrics._by_matrix_root(p, q) == pytest.approx(frechet_distance(p, q), rel=1e-9)


def test_the_error_of_a_wrong_distance_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "frechet_distance", lambda p, q: 1.001 * frechet_distance(p, q))
    assert metrics._errors(24, np.random.default_rng(0))["error_exact_case"] == pytest.approx(1e-3, rel=1e-3)


def test_plain_pillow_and_prepare_make_the_same_array(tmp_path: Path) -> None:
    archive = prepare._archive(tmp_path / "img_align_celeba.zip", 3)
    prepare._plainly(archive, range(3))
    prepare._prepare(prepare.FACES["antialias"], archive, tmp_path / "ours")
    np.testing.assert_array_equal(np.load(tmp_path / "plain-0.npy"), np.load(tmp_path / "ours" / "array.npy"))


def test_features_of_files_are_clean_fid_s_whatever_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "NETWORKS", {"light": extraction.Light})
    found = extraction.measure(quick=True).summary["light"]
    assert found["images_per_second"].keys() == {"clean-fid", "ours"}
    assert found["largest_difference"] < 1e-5


def test_growth_is_the_slope_between_neighbouring_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "iteration_seconds", lambda spec, device: spec.arm.k * spec.arm.batch_size**2 / 1e4)
    found = growth.measure(quick=True)
    assert found.summary["dcgan batch_size"] == 2
    assert found.summary["dcgan updates_per_batch"] == 1
    assert found.summary["dcgan dim"] == 0
    assert found.details["seconds"]["ring updates_per_batch"].keys() == {"1", "2", "5", "10"}


def test_a_record_says_what_was_measured_where_and_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(growth, "iteration_seconds", lambda spec, device: 1.0)
    assert main(["bench", "growth", "--quick", "--record", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("growth-*.json")
    record = json.loads(path.read_text())
    assert record["benchmark"] == "growth"
    assert record["versions"]["torch"]
    assert record["device"]
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == record["summary"]
