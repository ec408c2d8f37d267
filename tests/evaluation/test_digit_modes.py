"""Digits found by a classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vigan.data.store import Prepared
from vigan.evaluation.digit_modes import DIGITS
from vigan.evaluation.references import make_reference, measurement
from vigan.io.files import RecordError

from .measured import DIGIT_MODES, DIGIT_SCANS


def test_real_digits_show_ten_modes_and_how_far_the_classifier_is_to_be_trusted(
    digits: Prepared, tmp_path: Path
) -> None:
    floor = make_reference(DIGIT_MODES, DIGIT_SCANS, digits, "cpu", tmp_path / "kept.npz")
    assert floor["modes"] == floor["fair_modes"] == DIGITS
    assert 0.97 < floor["classifier_accuracy"] < 1
    assert floor["reverse_kl"] < 0.03


def test_digits_of_one_kind_are_one_mode(digits: Prepared, tmp_path: Path) -> None:
    assert digits.labels is not None
    zeros = np.asarray(digits.array)[digits.labels == 0]
    assert measurement(DIGIT_MODES, DIGIT_SCANS, digits, "cpu", tmp_path / "unused").measure(zeros)["modes"] <= 2


def test_digit_modes_without_labels_are_refused(digits: Prepared, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"digits-[0-9a-f]{10}: digit modes need labels.*run `vigan prepare` again"):
        measurement(DIGIT_MODES, DIGIT_SCANS, Prepared(digits.array, None, digits.manifest), "cpu", tmp_path / "unused")
