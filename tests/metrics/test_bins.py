from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vigan.metrics.bins import Bins
from vigan.metrics.validate import MetricError

Array = np.ndarray[Any, Any]


def _clusters(counts: list[int], rng: np.random.Generator) -> Array:
    means = 50 * np.eye(len(counts))
    return np.repeat(means, counts, axis=0) + rng.normal(size=(sum(counts), len(counts)))


def test_equal_distributions_differ_in_about_the_level() -> None:
    rng = np.random.default_rng(0)
    bins = Bins.fit(rng.normal(size=(20_000, 3)), rng, bins=40)
    shares = [bins.compare(rng.normal(size=(2000, 3)))["ndb"] for _ in range(20)]
    assert np.mean(shares) == pytest.approx(0.05, abs=0.03)


def test_a_dropped_cluster_is_seen_in_its_bin_and_in_the_divergence() -> None:
    rng = np.random.default_rng(1)
    bins = Bins.fit(_clusters([500] * 4, rng), rng, bins=4)
    dropped = bins.compare(_clusters([1000, 500, 500, 0], rng))
    same = bins.compare(_clusters([500] * 4, rng))
    assert dropped["ndb"] == 0.5
    assert same == {"ndb": 0, "jsd": pytest.approx(0, abs=1e-12)}
    p, q = np.array([0.25, 0.25]), np.array([0.5, 0.0])
    middle = (p + q) / 2
    expected = (np.sum(p * np.log(p / middle)) + 0.5 * np.log(0.5 / middle[0])) / 2
    assert dropped["jsd"] == pytest.approx(expected, rel=1e-9)


def test_the_z_test_is_two_sided_with_pooled_variance() -> None:
    rng = np.random.default_rng(2)
    bins = Bins.fit(_clusters([500, 500], rng), rng, bins=2)
    edge = 1.959964 * np.sqrt(2 * 0.25 / 1000) * 1000
    for shift, differs in ((round(edge) - 2, 0.0), (round(edge) + 2, 1.0)):
        for sign in (-1, 1):
            fake = _clusters([500 + sign * shift, 500 - sign * shift], rng)
            assert bins.compare(fake)["ndb"] == differs


def test_whitening_lets_a_small_column_count_as_much_as_a_large_one() -> None:
    rng = np.random.default_rng(3)
    real = rng.normal(size=(400, 2)) * [1000, 0.001]
    real[:200, 1] += 0.05
    bins = Bins.fit(real, rng, bins=2)
    assert sorted(bins.counts) == [200, 200]
    assert bins.compare(real[:200])["jsd"] > 0.2


def test_a_constant_column_is_harmless() -> None:
    rng = np.random.default_rng(4)
    real = np.concatenate([_clusters([50, 50], rng), np.ones((100, 1))], axis=1)
    assert Bins.fit(real, rng, bins=2).compare(real)["jsd"] == pytest.approx(0)


def test_bins_need_more_rows_than_bins() -> None:
    with pytest.raises(MetricError, match="needs at least 101"):
        Bins.fit(np.ones((100, 2)), np.random.default_rng(0))
    with pytest.raises(MetricError, match="at least 2"):
        Bins.fit(np.ones((100, 2)), np.random.default_rng(0), bins=1)


@pytest.mark.parametrize(
    ("distinct", "told"), [(1, "real: 1 different rows, 100 bins"), (50, "real: 50 different rows")]
)
@pytest.mark.filterwarnings("error")
def test_bins_need_as_many_different_rows(distinct: int, told: str) -> None:
    """Empty bins were alike: of constant reals nothing differed."""
    rows = np.repeat(np.random.default_rng(0).normal(size=(distinct, 3)), 200 // distinct, axis=0)
    with pytest.raises(MetricError, match=told):
        Bins.fit(rows, np.random.default_rng(0))
