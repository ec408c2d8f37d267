from __future__ import annotations

from typing import Any

import numpy as np
import prdc
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from vigan.metrics import neighbours
from vigan.metrics.neighbours import Neighbours, density_coverage, precision_recall
from vigan.metrics.validate import MetricError

Array = np.ndarray[Any, Any]


def _all_four(real: Array, fake: Array, k: int) -> tuple[float, ...]:
    return (*precision_recall(real, fake, k), *density_coverage(real, fake, k))


def _example() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(400, 16)), rng.normal(size=(300, 16)) * 0.7 + 0.2


def _by_definition(real: Array, fake: Array, k: int) -> tuple[float, ...]:
    radius_real = np.sort(cdist(real, real), axis=1)[:, k]
    radius_fake = np.sort(cdist(fake, fake), axis=1)[:, k]
    cross = cdist(real, fake)
    inside = cross < radius_real[:, None]
    precision = (cross <= radius_real[:, None]).any(0).mean()
    recall = (cross <= radius_fake).any(1).mean()
    return precision, recall, inside.sum() / (k * len(fake)), inside.any(1).mean()


def test_the_known_values_of_a_seeded_example() -> None:
    real, fake = _example()
    assert _all_four(real, fake, 3) == pytest.approx((0.983333, 0.23, 2.895556, 0.8875), abs=5e-7)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_the_authors_own_code_agrees_on_random_features(k: int, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(k)
    real, fake = rng.normal(size=(210, 24)), rng.normal(size=(180, 24)) * 0.9
    theirs = prdc.compute_prdc(real, fake, nearest_k=k)
    capsys.readouterr()
    expected = [theirs[name] for name in ("precision", "recall", "density", "coverage")]
    assert _all_four(real, fake, k) == pytest.approx(expected, abs=1e-12)


@given(st.integers(2, 25), st.integers(4, 20), st.integers(4, 20), st.integers(1, 3), st.integers(0, 2**32 - 1))
@settings(max_examples=80)
def test_integer_features_full_of_ties_and_duplicates_follow_the_definition(
    span: int, n: int, m: int, k: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    real, fake = rng.integers(0, span, (n, 2)).astype(float), rng.integers(0, span, (m, 2)).astype(float)
    assert _all_four(real, fake, k) == _by_definition(real, fake, k)


def _one_far_out(rows: Array, power: int, rng: np.random.Generator) -> Array:
    rows[rng.integers(len(rows))] = 10.0**power
    return rows


def _two_tight_clusters(rows: Array, power: int, rng: np.random.Generator) -> Array:
    return rows * 10.0**-power + rng.integers(0, 2, (len(rows), 1)) * 10.0**power


def _far_away(rows: Array, power: int, rng: np.random.Generator) -> Array:
    return rows + 10.0**power


def _scaled(rows: Array, power: int, rng: np.random.Generator) -> Array:
    return rows * 10.0 ** (17 * (power - 5))


def _copied(rows: Array, power: int, rng: np.random.Generator) -> Array:
    return rows[rng.integers(0, 1 + power, len(rows))]


def _of_all_sizes(rows: Array, power: int, rng: np.random.Generator) -> Array:
    return rows * 10.0 ** rng.integers(-power, power + 1, rows.shape)


HOSTILE = [_one_far_out, _two_tight_clusters, _far_away, _scaled, _copied, _of_all_sizes]


@given(
    st.sampled_from(HOSTILE), st.sampled_from([None, *HOSTILE]), st.integers(0, 13), st.integers(1, 40),
    st.integers(1, 3), st.sampled_from([3, 16, 1024]), st.integers(0, 2**32 - 1),
)  # fmt: skip
@settings(max_examples=400)
def test_any_finite_features_score_as_by_scipy_s_distances(
    spoil: Any, more: Any, power: int, width: int, k: int, side: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    both = rng.normal(size=(int(rng.integers(12, 80)), width))
    for change in filter(None, (spoil, more)):
        both = change(both, power, rng)
    real, fake = both[::2], both[1::2].copy()
    assume(np.abs(both).max() < 1e140)
    found = neighbours.prdc(Neighbours(real, k, side), Neighbours(fake, k, side), k, k)
    assert tuple(found.values()) == _by_definition(real, fake, k)


def test_features_beyond_the_squares_of_float64_are_refused() -> None:
    real, fake = _example()
    with pytest.raises(MetricError, match="divide both sets by a constant"):
        precision_recall(real * 1e200, fake * 1e200)
    with pytest.raises(MetricError, match="divide both sets by a constant"):
        density_coverage(real, fake / np.abs(fake).max() * 1.7e308)


def test_identical_sets_score_exactly_one() -> None:
    real = np.random.default_rng(1).normal(size=(137, 50)) + 100
    assert _all_four(real, real.copy(), 5) == (1.0, 1.0, 1.0, 1.0)


def test_values_are_plain_floats() -> None:
    assert [type(value) for value in _all_four(*_example(), 3)] == [float] * 4


def test_equal_distributions_cover_31_of_32() -> None:
    rng = np.random.default_rng(2)
    values = [density_coverage(rng.normal(size=(1500, 8)), rng.normal(size=(1500, 8)), 5)[1] for _ in range(4)]
    assert np.mean(values) == pytest.approx(1 - 2**-5, abs=0.006)


def test_thousand_dimensional_gaussians_score_as_published() -> None:
    """Published for 10,000 rows: density 1.0555, coverage .9735; at 1,500 rows they scatter more around the same."""
    rng = np.random.default_rng(3)
    real, fake = rng.normal(size=(1500, 1000)), rng.normal(size=(1500, 1000))
    density, coverage = density_coverage(real, fake, 5)
    assert density == pytest.approx(1.03, abs=0.08)
    assert coverage == pytest.approx(0.971, abs=0.02)


def test_a_dropped_mode_costs_its_share_of_coverage_and_recall_but_no_precision() -> None:
    rng = np.random.default_rng(4)
    real = rng.normal(size=(600, 8))
    real[:300, 0] += 100
    fake = rng.normal(size=(600, 8))
    precision, recall = precision_recall(real, fake, 3)
    assert precision > 0.85
    assert recall < 0.5
    assert density_coverage(real, fake, 5)[1] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("side", [3, 64, 300, 10**9])
def test_the_tile_size_changes_nothing(side: int) -> None:
    real, fake = _example()
    blocked = Neighbours(real, 5, side), Neighbours(fake, 5, side)
    assert precision_recall(*blocked, k=3) == precision_recall(real, fake, 3)
    assert density_coverage(*blocked, k=5) == density_coverage(real, fake, 5)
    np.testing.assert_array_equal(blocked[0].radii(5), Neighbours(real).radii(5))


def test_the_reals_own_neighbours_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = _example()
    reference = Neighbours(real, 5)
    before = density_coverage(reference, fake, 5)
    monkeypatch.setattr(np, "argpartition", lambda *_, **__: pytest.fail("radii were computed again"))
    assert density_coverage(reference, fake, 5) == before


def test_shifting_both_sets_far_away_changes_nothing() -> None:
    real, fake = _example()
    assert _all_four(real + 1e6, fake + 1e6, 5) == _all_four(real, fake, 5)


def test_a_k_that_the_rows_cannot_give_is_an_error() -> None:
    real, fake = _example()
    with pytest.raises(MetricError, match="fake: 3 rows"):
        precision_recall(real, fake[:3], 3)
    with pytest.raises(MetricError, match="real: 5 rows"):
        density_coverage(real[:5], fake, 5)
    with pytest.raises(MetricError, match="neighbour 4 was asked for, 1 to 3"):
        density_coverage(Neighbours(real, 3), fake, 4)
    with pytest.raises(MetricError, match="number 1"):
        precision_recall(real, fake, 0)


@pytest.mark.parametrize("side", [1, 33, 1024])
def test_one_pass_over_the_distances_gives_the_numbers_of_two(side: int) -> None:
    rng = np.random.default_rng(5)
    real, fake = rng.integers(0, 3, (90, 4)), rng.integers(0, 3, (70, 4))  # ties and duplicates in plenty
    together = neighbours.prdc(Neighbours(real, 5, side), Neighbours(fake, 3, side))
    assert tuple(together.values()) == (*precision_recall(real, fake, 3), *density_coverage(real, fake, 5))
