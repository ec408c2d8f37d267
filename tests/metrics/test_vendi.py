from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigan.metrics.validate import MetricError
from vigan.metrics.vendi import vendi


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 20), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
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
@settings(max_examples=40)
def test_total_collapse_scores_one_and_never_less(n: int, d: int, seed: int) -> None:
    score = vendi(np.tile(np.random.default_rng(seed).normal(size=d), (n, 1)))
    assert 1 <= score == pytest.approx(1)


def test_vendi_has_no_value_for_a_row_of_zeros() -> None:
    with pytest.raises(MetricError, match="1 rows are all zero"):
        vendi([[0, 0], [1, 2]])
