from __future__ import annotations

import numpy as np
import pytest

from vigan.metrics.diversity import mean_pairwise_distance
from vigan.metrics.validate import MetricError


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
