"""Gaussians found on the ring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vigan.data.store import Prepared
from vigan.data.toy import means
from vigan.evaluation.references import make_reference, measurement

from .measured import RING, TOY


def test_real_points_score_what_a_perfect_sampler_does(ring: Prepared, tmp_path: Path) -> None:
    floor = make_reference(TOY, RING, ring, "cpu", tmp_path / "kept.npz")
    assert floor["high_quality"] == pytest.approx(0.989, abs=0.006)
    assert floor["modes"] == floor["fair_modes"] == RING.modes
    assert floor["reverse_kl"] < 0.01


def test_modes_are_the_data_sets_own_centres(ring: Prepared, tmp_path: Path) -> None:
    wide = RING.model_copy(update={"radius": 3.0})
    assert measurement(TOY, wide, ring, "cpu", tmp_path / "unused").measure(np.asarray(ring.array))["high_quality"] == 0
    half = means(RING)[:4].astype(np.float32).repeat(10, axis=0)
    scores = measurement(TOY, RING, ring, "cpu", tmp_path / "unused").measure(half)
    assert scores["modes"] == 4
    assert scores["reverse_kl"] == pytest.approx(np.log(2))
