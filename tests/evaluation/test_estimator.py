"""A kind whose numbers are a function of arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vigan.data.store import Prepared
from vigan.evaluation.base import Measure, Subject, make_evaluator
from vigan.metrics.reconstruction import reconstruction_error
from vigan.protocols.reconstruction import RECONSTRUCTION

from .measured import RING

REALS, SAMPLES = np.zeros((5, 2)), np.full((5, 2), 3.0)


def _measure(ring: Prepared, **changes: Any) -> Measure:
    evaluator = make_evaluator(Subject(replace(RECONSTRUCTION, **changes), RING, ring, "cpu"))
    return evaluator.measure(evaluator.reference_arrays(REALS))


def test_a_number_has_the_name_of_the_only_metric(ring: Prepared) -> None:
    found = _measure(ring)(SAMPLES)
    assert found == {"reconstruction_error": reconstruction_error(REALS, SAMPLES)} == {"reconstruction_error": 9.0}


def test_several_numbers_have_names_of_their_own(ring: Prepared) -> None:
    measure = _measure(
        ring, estimator=f"{__name__}:mean_and_deviation", input="samples", compares=False,
        metrics=dict.fromkeys(("mean", "deviation"), RECONSTRUCTION.metrics["reconstruction_error"]),
    )  # fmt: skip
    assert measure(SAMPLES) == {"mean": 3.0, "deviation": 0.0}


def test_a_number_without_a_name_is_refused(ring: Prepared) -> None:
    two = dict.fromkeys(("one", "other"), RECONSTRUCTION.metrics["reconstruction_error"])
    with pytest.raises(ValueError, match="too many values"):
        _measure(ring, metrics=two)(SAMPLES)


def mean_and_deviation(samples: np.ndarray) -> dict[str, float]:
    return {"mean": float(samples.mean()), "deviation": float(samples.std())}
