from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vigan.metrics.bins import Bins
from vigan.metrics.birthday import birthday
from vigan.metrics.diversity import mean_pairwise_distance
from vigan.metrics.frechet import frechet
from vigan.metrics.kernel import kid
from vigan.metrics.neighbours import density_coverage, precision_recall
from vigan.metrics.protocols import Reference, feature_metrics
from vigan.metrics.validate import MetricError, check
from vigan.metrics.vendi import vendi

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)
GOOD = RNG.normal(size=(40, 6))

OF_TWO: dict[str, Callable[[Array, Array], Any]] = {
    "frechet": frechet,
    "kid": lambda real, fake: kid(real, fake, np.random.default_rng(0), subsets=2),
    "precision_recall": precision_recall,
    "density_coverage": density_coverage,
    "bins": lambda real, fake: Bins.fit(real, np.random.default_rng(0), bins=4).compare(fake),
    "birthday": lambda real, fake: birthday(real, fake, np.random.default_rng(0), batch=4, trials=3),
    "feature_metrics": lambda real, fake: feature_metrics(Reference(real), fake),
}
OF_ONE: dict[str, Callable[[Array], Any]] = {
    "vendi": vendi,
    "diversity": lambda features: mean_pairwise_distance(features, np.random.default_rng(0)),
}


def _with(value: float) -> Array:
    spoilt = GOOD.copy()
    spoilt[7, 2] = value
    return spoilt


BAD = {
    "nan": (_with(np.nan), "1 of 40 rows hold NaN"),
    "infinity": (_with(np.inf), "NaN or infinity"),
    "one_dimension": (GOOD[0], "expected"),
    "no_column": (GOOD[:, :0], "expected"),
    "no_row": (GOOD[:0], "at least"),
    "complex": (GOOD + 1j, "complex128"),
    "text": (GOOD.astype(str), "not real numbers"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("metric", OF_TWO)
def test_bad_features_on_either_side_are_an_error_that_says_why(metric: str, bad: str) -> None:
    array, message = BAD[bad]
    with pytest.raises(MetricError, match=message):
        OF_TWO[metric](GOOD, array)
    with pytest.raises(MetricError, match=message):
        OF_TWO[metric](array, GOOD)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("metric", OF_ONE)
def test_bad_features_are_an_error_that_says_why(metric: str, bad: str) -> None:
    array, message = BAD[bad]
    with pytest.raises(MetricError, match=message):
        OF_ONE[metric](array)


@pytest.mark.parametrize("metric", OF_TWO)
def test_features_of_two_widths_are_an_error_that_names_both(metric: str) -> None:
    with pytest.raises(MetricError, match=r"has 6.* has 5|has 5.* has 6"):
        OF_TWO[metric](GOOD, GOOD[:, :5])


@pytest.mark.parametrize("metric", sorted(OF_TWO.keys() - {"density_coverage", "bins"}))
def test_a_single_fake_has_no_value(metric: str) -> None:
    with pytest.raises(MetricError, match="1 rows, this metric needs at least"):
        OF_TWO[metric](GOOD, GOOD[:1])


@pytest.mark.parametrize("metric", OF_TWO)
def test_good_features_pass(metric: str) -> None:
    assert OF_TWO[metric](GOOD, GOOD[::-1]) is not None


def test_integers_and_float32_are_taken_as_float64() -> None:
    checked = check(1, a=np.ones((2, 3), np.uint8), b=np.ones((2, 3), np.float32), c=[[1, 2, 3]])
    assert [array.dtype for array in checked] == [np.float64] * 3


def test_rows_of_different_lengths_are_an_error() -> None:
    with pytest.raises(MetricError, match="not a rectangular array"):
        check(1, features=[[1.0, 2.0], [1.0]])
