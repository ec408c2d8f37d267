from __future__ import annotations

import numpy as np
import pytest

from vigan.metrics.birthday import birthday
from vigan.metrics.validate import MetricError


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


def test_total_collapse_collides_also_where_the_reals_have_duplicates() -> None:
    real = np.repeat(np.random.default_rng(0).normal(size=(250, 4)), 2, axis=0)
    found = birthday(real, np.full((100, 4), 0.5), np.random.default_rng(1))
    assert found["threshold"] == 0
    assert found["fake"] == 1
    assert found["real"] > 0.9
