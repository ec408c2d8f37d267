from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from vigan.golden.bn_order import BatchStatistics, in_their_order
from vigan.models.batch_norm import BatchNorm

STEP = float(np.float32(0.1))
PAIRS = [0, 4, 8]  # a real pass, its fake pass, two passes of G's updates: three times


def average(passes: np.ndarray, swapped: tuple[bool, ...]) -> np.ndarray:
    """Moving average (C,), from zero, of passes (N, C) with the given pairs in the other order."""
    passes = passes.copy()
    for start, swap in zip(PAIRS, swapped, strict=True):
        if swap:
            passes[[start, start + 1]] = passes[[start + 1, start]]
    value = np.zeros(passes.shape[1])
    for statistic in passes:
        value += STEP * (statistic - value)
    return value


@pytest.fixture
def passes() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((12, 6))


@pytest.mark.parametrize("swapped", list(itertools.product([False, True], repeat=3)))
def test_any_order_of_real_and_fake_passes_is_found(swapped: tuple[bool, ...], passes: np.ndarray) -> None:
    theirs = average(passes, swapped)
    found = in_their_order(average(passes, (False,) * 3), theirs, passes, PAIRS)
    np.testing.assert_allclose(found, theirs, rtol=0, atol=1e-14)


def test_what_no_order_explains_stays_a_difference(passes: np.ndarray) -> None:
    ours = average(passes, (False,) * 3)
    for swapped in itertools.product([False, True], repeat=3):
        for channel in range(6):
            theirs = average(passes, swapped)
            theirs[channel] += 1e-6
            found = in_their_order(ours, theirs, passes, PAIRS)
            assert np.abs(found - theirs).max() == pytest.approx(1e-6, rel=1e-3)


def test_half_a_swap_is_no_order(passes: np.ndarray) -> None:
    ours, other = average(passes, (False,) * 3), average(passes, (True, False, False))
    theirs = (ours + other) / 2
    found = in_their_order(ours, theirs, passes, PAIRS)
    assert np.abs(found - theirs).max() == pytest.approx(np.abs(ours - other).max() / 2)


def test_statistics_are_the_batch_s_mean_and_biased_variance_in_order() -> None:
    network = torch.nn.Sequential(BatchNorm(3)).double()
    statistics = BatchStatistics(network)
    batches = [np.random.default_rng(seed).standard_normal((4, 3, 2, 2)) for seed in range(3)]
    for batch in batches:
        network(torch.from_numpy(batch))
    assert set(statistics.passes) == {"0.moving_mean", "0.moving_variance"}
    means = [batch.mean(axis=(0, 2, 3)) for batch in batches]
    variances = [batch.var(axis=(0, 2, 3)) for batch in batches]
    np.testing.assert_allclose(np.array(statistics.passes["0.moving_mean"]), means, rtol=1e-12)
    np.testing.assert_allclose(np.array(statistics.passes["0.moving_variance"]), variances, rtol=1e-12)
