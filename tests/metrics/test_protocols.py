from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import vigan.metrics
from vigan.metrics import protocols
from vigan.metrics.birthday import birthday
from vigan.metrics.diversity import mean_pairwise_distance
from vigan.metrics.frechet import frechet
from vigan.metrics.kernel import kid
from vigan.metrics.neighbours import density_coverage, precision_recall
from vigan.metrics.protocols import Reference, feature_metrics
from vigan.metrics.validate import MetricError
from vigan.metrics.vendi import vendi
from vigan.rng import generator

REAL = np.random.default_rng(0).normal(size=(200, 12))
FAKE = np.random.default_rng(1).normal(size=(200, 12)) * 0.8


@pytest.mark.parametrize("fakes", [200, 90])
@pytest.mark.parametrize("shift", [0, 3])
def test_feature_metrics_are_the_estimators_at_their_frozen_settings(fakes: int, shift: float) -> None:
    real, fake = REAL + shift, FAKE[:fakes] + shift
    precision, recall = precision_recall(real, fake, 3)
    density, coverage = density_coverage(real, fake, 5)
    kid_mean, kid_std = kid(real, fake, generator(0, "metric", "kid"))
    assert feature_metrics(Reference(real), fake) == {
        "frechet": pytest.approx(frechet(real, fake)),
        "kid_mean": pytest.approx(kid_mean, rel=1e-9),
        **({"kid_std": pytest.approx(kid_std, rel=1e-9)} if fakes < 200 else {}),
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
        "vendi": pytest.approx(vendi(fake)),
        "diversity": mean_pairwise_distance(fake, generator(0, "metric", "pairs")),
    }


def test_a_row_of_zeros_costs_the_vendi_score_alone() -> None:
    with_zeros = np.vstack([FAKE[:-1], np.zeros(12)])
    found = feature_metrics(Reference(REAL), with_zeros)
    assert found.keys() == feature_metrics(Reference(REAL), FAKE).keys() - {"vendi"}
    assert found["frechet"] == pytest.approx(frechet(REAL, with_zeros))


@pytest.mark.parametrize("scale", [1e60, 1e150])
def test_no_number_is_given_that_is_not_finite(scale: float) -> None:
    with pytest.raises(MetricError, match="divide both by a constant"):
        feature_metrics(Reference(REAL * scale), FAKE * scale)


def test_few_rows_of_many_features_need_little_memory() -> None:
    """A covariance of 40,000 features takes 12.8 GB."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(6, 40_000)), rng.normal(size=(6, 40_000))
    tracemalloc.start()
    found = feature_metrics(Reference(real), fake)
    assert tracemalloc.get_traced_memory()[1] < 5e8
    tracemalloc.stop()
    assert found["frechet"] > 0


def test_the_kernel_distance_of_large_sets_is_that_of_their_subsets() -> None:
    """More rows than a tile and than a subset has."""
    rng = np.random.default_rng(3)
    real, fake = rng.normal(size=(1300, 6)) + 1, rng.normal(size=(1100, 6)) * 0.9
    found = feature_metrics(Reference(real), fake)
    expected = kid(real, fake, generator(0, "metric", "kid"))
    assert (found["kid_mean"], found["kid_std"]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("reals", "fakes"), [(999, 200), (1000, 99)])
def test_the_birthday_test_is_left_out_where_there_are_too_few_rows(reals: int, fakes: int) -> None:
    many = np.tile(REAL, (5, 1)) + np.random.default_rng(2).normal(size=(1000, 12))
    assert "birthday" not in feature_metrics(Reference(many[:reals]), FAKE[:fakes])
    found = feature_metrics(Reference(many), FAKE[:100])["birthday"]
    assert found == birthday(many, FAKE[:100], generator(0, "metric", "birthday"), 100)["fake"]


def test_a_restored_reference_measures_the_same_and_computes_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Reference(REAL.astype(np.float32))
    arrays = real.arrays()
    restored = Reference.restore(arrays)
    assert restored.neighbours.nearest is arrays["distances"]
    assert restored.gaussian.factor is arrays["factor"]
    assert restored.kernel_means(200, 0) is arrays["kernel"]
    assert feature_metrics(restored, FAKE) == feature_metrics(real, FAKE)


def test_a_restored_reference_of_many_rows_knows_its_nearness(monkeypatch: pytest.MonkeyPatch) -> None:
    many = (np.tile(REAL, (5, 1)) + np.random.default_rng(2).normal(size=(1000, 12))).astype(np.float32)
    real = Reference(many)
    restored = Reference.restore(real.arrays())
    before = feature_metrics(real, FAKE)
    monkeypatch.setattr(protocols, "nearness", lambda *_: pytest.fail("computed again"))
    assert feature_metrics(restored, FAKE)["birthday"] == before["birthday"]


@pytest.mark.parametrize("name", protocols.ARRAYS)
def test_a_reference_that_lacks_an_array_or_has_another_s_is_refused(name: str) -> None:
    arrays = Reference(REAL).arrays()
    with pytest.raises(MetricError, match=f"without {name}"):
        Reference.restore({key: array for key, array in arrays.items() if key != name})
    with pytest.raises(MetricError, match="of shape"):
        Reference.restore({**arrays, name: arrays[name][:-1]})


def test_a_reference_serves_many_snapshots_without_fitting_again() -> None:
    reference = Reference(REAL)
    first = feature_metrics(reference, FAKE)
    gaussian = reference.gaussian
    assert feature_metrics(reference, FAKE) == first
    assert reference.gaussian is gaussian


def test_metrics_never_import_torch() -> None:
    names = [path.stem for path in Path(vigan.metrics.__file__ or "").parent.glob("[a-z]*.py")]
    assert "frechet" in names
    script = (
        f"import sys; {'; '.join(f'import vigan.metrics.{name}' for name in names)}; sys.exit('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
