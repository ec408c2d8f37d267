"""Copies told from new draws."""

from __future__ import annotations

import numpy as np
import pytest

from vigan.metrics.authenticity import authenticity
from vigan.metrics.validate import MetricError

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(1500, 8))


def test_copies_are_not_authentic() -> None:
    copies = REAL[RNG.integers(0, len(REAL), 300)]
    assert authenticity(REAL, copies) == {"authenticity": 0.0, "nearest_ratio": pytest.approx(0, abs=1e-6)}


def test_new_draws_are_as_far_from_the_reals_as_those_from_each_other() -> None:
    found = authenticity(REAL, RNG.normal(size=(1500, 8)))
    assert found["authenticity"] == pytest.approx(0.58, abs=0.04)
    assert found["nearest_ratio"] == pytest.approx(1, abs=0.03)


def test_a_model_that_copies_half_is_seen_by_both() -> None:
    half = np.concatenate([REAL[:500] + 1e-3 * RNG.normal(size=(500, 8)), RNG.normal(size=(500, 8))])
    found = authenticity(REAL, half)
    assert found["authenticity"] == pytest.approx(0.29, abs=0.04)
    assert found["nearest_ratio"] < 0.9


def test_it_is_the_plain_definition_whatever_the_tiles() -> None:
    fake = RNG.normal(size=(1100, 8)) * 1.1
    between = np.linalg.norm(fake[:, None] - REAL, axis=2)
    among = np.linalg.norm(REAL[:, None] - REAL, axis=2)
    np.fill_diagonal(among, np.inf)
    own, which = among.min(axis=1), between.argmin(axis=1)
    found = authenticity(REAL, fake)
    assert found["authenticity"] == (between.min(axis=1) > own[which]).mean()
    assert found["nearest_ratio"] == pytest.approx(np.median(between.min(axis=1)) / np.median(own))


def test_reals_that_repeat_each_other_leave_no_distance_to_compare_with() -> None:
    """There was a ratio of 1.8e308, and the mean of two was infinite."""
    twice = np.repeat(REAL[:20], 2, axis=0)
    assert authenticity(twice, twice[:5]) == {"authenticity": 0.0}
    assert authenticity(twice, twice[:5] + 1) == {"authenticity": 1.0}


def test_bad_input_is_refused() -> None:
    for real, fake in ((REAL[:1], REAL), (REAL, REAL[:, :3]), (REAL, REAL[:0]), (np.full((3, 8), np.nan), REAL)):
        with pytest.raises(MetricError):
            authenticity(real, fake)
