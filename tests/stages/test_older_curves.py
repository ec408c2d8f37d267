"""Curves of another version's method are told from those of today's by where they end."""

from __future__ import annotations

import pandas as pd
import pytest

from vigan.stages.older_curves import by_an_older_method

ENDS = {"arm": "plain", "metric": "modes", "protocol": "toy", "n": 4, "center": 5.0, "ci_low": 4.0, "ci_high": 6.0}
CURVES = pd.DataFrame([{**ENDS, "step": 0, "center": 1.0}, {**ENDS, "step": 100}])
SUMMARY = pd.DataFrame([{**ENDS, "score": "last"}, {**ENDS, "score": "best", "center": 7.0}])


def test_curves_that_end_at_the_last_values_are_of_the_same_method() -> None:
    assert not by_an_older_method(CURVES, SUMMARY)


@pytest.mark.parametrize("number", ["center", "ci_low", "ci_high"])
def test_another_center_or_interval_of_the_same_runs_is_another_method(number: str) -> None:
    assert by_an_older_method(CURVES, SUMMARY.assign(**{number: 4.5}))


def test_where_other_runs_count_nothing_is_told() -> None:
    """A run that diverged has no last value, but counts in curves until then."""
    assert not by_an_older_method(CURVES, SUMMARY.assign(n=3, center=4.5))
