from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vigan.metrics
from vigan.metrics.frechet import frechet
from vigan.metrics.neighbours import density_coverage, precision_recall
from vigan.metrics.protocols import Reference, feature_metrics
from vigan.metrics.vendi import vendi

REAL = np.random.default_rng(0).normal(size=(200, 12))
FAKE = np.random.default_rng(1).normal(size=(200, 12)) * 0.8


def test_feature_metrics_are_the_estimators_at_their_frozen_settings() -> None:
    precision, recall = precision_recall(REAL, FAKE, 3)
    density, coverage = density_coverage(REAL, FAKE, 5)
    assert feature_metrics(Reference(REAL), FAKE) == {
        "frechet": pytest.approx(frechet(REAL, FAKE)),
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
        "vendi": pytest.approx(vendi(FAKE)),
    }


def test_a_reference_serves_many_snapshots_without_fitting_again() -> None:
    reference = Reference(REAL)
    first = feature_metrics(reference, FAKE)
    gaussian = reference.gaussian
    assert feature_metrics(reference, FAKE) == first
    assert reference.gaussian is gaussian


def test_metrics_never_import_torch() -> None:
    names = [path.stem for path in Path(vigan.metrics.__file__ or "").parent.glob("[a-z]*.py")]
    assert "frechet" in names
    script = (
        f"import sys; {'; '.join(f'import vigan.metrics.{name}' for name in names)}; sys.exit('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
