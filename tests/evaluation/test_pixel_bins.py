"""Bins of real digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vigan.data.store import Prepared
from vigan.evaluation.references import make_reference, measurement

from .measured import BINS, DIGIT_SCANS


def test_bins_of_real_digits_fit_other_real_digits_and_not_a_single_kind(digits: Prepared, tmp_path: Path) -> None:
    floor = make_reference(BINS, DIGIT_SCANS, digits, "cpu", tmp_path / "kept.npz")
    assert floor["ndb"] < 0.25
    assert digits.labels is not None
    ones = np.asarray(digits.array)[digits.labels == 1]
    assert measurement(BINS, DIGIT_SCANS, digits, "cpu", tmp_path / "kept.npz").measure(ones)["jsd"] > 4 * floor["jsd"]
