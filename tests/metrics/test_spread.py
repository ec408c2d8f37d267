from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigan.metrics.birthday import birthday
from vigan.metrics.diversity import mean_pairwise_distance
from vigan.metrics.validate import MetricError
from vigan.metrics.vendi import vendi


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 20), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_equal_orthogonal_groups_count_as_one_sample_each(groups: int, size: int, spare: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(groups + spare, groups + spare)))
    features = np.repeat(axes[:groups], size, axis=0) * rng.uniform(0.1, 9, (groups * size, 1))
    assert vendi(features) == pytest.approx(groups, rel=1e-9)


@pytest.mark.parametrize(("n", "d"), [(30, 8), (8, 30), (12, 12)])
def test_vendi_follows_its_definition_on_either_side_of_square(n: int, d: int) -> None:
    features = np.random.default_rng(n).normal(size=(n, d)) + 0.5
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T / n)
    values = values[values > 1e-12]
    assert vendi(features) == pytest.approx(np.exp(-(values * np.log(values)).sum()), rel=1e-9)


@given(st.integers(2, 30), st.integers(1, 30), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_total_collapse_scores_one_and_never_less(n: int, d: int, seed: int) -> None:
    score = vendi(np.tile(np.random.default_rng(seed).normal(size=d), (n, 1)))
    assert 1 <= score == pytest.approx(1)


def test_vendi_has_no_value_for_a_row_of_zeros() -> None:
    with pytest.raises(MetricError, match="1 rows are all zero"):
        vendi([[0, 0], [1, 2]])


def test_diversity_of_two_points_is_their_distance_as_no_row_meets_itself() -> None:
    assert mean_pairwise_distance([[0, 0], [3, 4]], np.random.default_rng(0), pairs=5000) == pytest.approx(5)


def test_diversity_tends_to_the_mean_over_all_pairs() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 4))
    pairs = np.linalg.norm(features[:, None] - features, axis=2)[~np.eye(30, dtype=bool)]
    assert mean_pairwise_distance(features, rng, 200_000) == pytest.approx(pairs.mean(), rel=0.005)


def test_diversity_is_zero_under_collapse_and_repeats_with_its_generator() -> None:
    features = np.random.default_rng(0).normal(size=(100, 5))
    values = [mean_pairwise_distance(features, np.random.default_rng(7), 99) for _ in range(2)]
    assert values[0] == values[1]
    assert mean_pairwise_distance(np.ones((100, 5)), np.random.default_rng(0)) == 0


def test_diversity_needs_a_pair() -> None:
    with pytest.raises(MetricError, match="0 pairs"):
        mean_pairwise_distance([[0], [1]], np.random.default_rng(0), 0)


def test_a_support_of_365_collides_as_birthdays_do_and_the_control_keeps_its_level() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(6000, 8))
    fake = np.tile(rng.normal(size=(365, 8)), (100, 1))
    scores = birthday(real, fake, rng, batch=23, trials=2000, level=0.01)
    assert scores["fake"] == pytest.approx(0.507, abs=0.05)
    assert scores["real"] == pytest.approx(0.01, abs=0.01)
    assert scores["threshold"] > 0


def test_total_collapse_always_collides() -> None:
    rng = np.random.default_rng(0)
    assert birthday(rng.normal(size=(400, 4)), np.full((100, 4), 0.5), rng, batch=20)["fake"] == 1


def test_the_birthday_test_says_what_it_lacks() -> None:
    rng, features = np.random.default_rng(0), np.random.default_rng(1).normal(size=(30, 3))
    with pytest.raises(MetricError, match="two halves of 20"):
        birthday(features, features, rng, batch=20)
    with pytest.raises(MetricError, match="level 1"):
        birthday(features, features, rng, batch=5, level=1)
