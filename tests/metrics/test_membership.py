"""Decisions of a discriminator, by hand and by another tool's ROC area."""

from __future__ import annotations

import numpy as np
import pytest

from vigan.metrics.membership import decisions
from vigan.metrics.validate import MetricError


def test_shares_and_chance_by_hand() -> None:
    logits = np.array([[2.0, 1.0, -1.0, 0.0], [1.0, -2.0, -3.0, 0.5], [-1.0, 0.0, 3.0, -5.0]])
    # of 16 pairs of a training and a held-out logit, 2 > all four; 1 > -2, -3, 0.5, ties 1; -1 and 0 > -2, -3
    assert decisions(logits) == {
        "real_training": 0.5, "real_held_out": 0.5, "real_fakes": 0.25, "membership": (4 + 3.5 + 2 + 2) / 16,
    }  # fmt: skip


def test_membership_is_the_area_under_the_roc_curve() -> None:
    roc_auc_score = pytest.importorskip("sklearn.metrics").roc_auc_score
    draw = np.random.default_rng(0)
    logits = np.round(draw.normal([[0.3], [0.0], [0.0]], size=(3, 200)), 1)
    known = roc_auc_score(np.repeat([1, 0], 200), logits[:2].ravel())
    assert decisions(logits)["membership"] == pytest.approx(known, abs=1e-12)


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(MetricError, match="1 of 3 rows hold NaN"):
        decisions(np.array([[1.0, np.nan], [0.0, 0.0], [0.0, 0.0]]))
