"""How far two samples of one distribution are apart, by their size and the spectrum of the covariance."""

from __future__ import annotations

import numpy as np

from vigan.bench.record import Measurement, processor
from vigan.metrics.bias import bias_of_equal
from vigan.metrics.frechet import fit, frechet_distance

WIDTHS = {False: 1280, True: 64}
COUNTS = {False: (500, 1000, 2500, 10_000), True: (100, 400)}
VARIANCE = 100.0
"""Of all directions together; the distances are proportional to it."""


def spectra(width: int) -> dict[str, np.ndarray]:
    """Eigenvalues, of one sum, of covariances from the most diverse to a collapsed one."""
    ranks = np.arange(1, width + 1, dtype=float)
    shapes = {
        "all directions alike": np.ones(width),
        "falling as 1/k": 1 / ranks,
        "falling as 1/k², a tenth of them": np.where(ranks <= width / 10, 1 / ranks**2, 0.0),
        "five directions": np.where(ranks <= 5, 1.0, 0.0),
    }
    return {words: VARIANCE * shape / shape.sum() for words, shape in shapes.items()}


def measure(quick: bool) -> Measurement:
    """Mean distance of two normal samples of equal size, and what `bias_of_equal` says of it."""
    width, rng = WIDTHS[quick], np.random.default_rng(0)
    rows = [
        {"spectrum": words, "n": n, "measured": _apart(values, n, rng), "first_order": bias_of_equal(values, n, n)}
        for words, values in spectra(width).items()
        for n in COUNTS[quick]
    ]
    at = COUNTS[quick][1]
    summary = {str(row["spectrum"]): round(float(row["measured"]), 2) for row in rows if row["n"] == at}
    settings = {"width": width, "variance": VARIANCE, "counts": list(COUNTS[quick]), "quick": quick}
    return Measurement(processor(), settings, {f"bias at n = {at}": summary}, {"rows": rows})


def draws(directions: int) -> int:
    """How many distances a mean is of: the fewer directions, the more a distance varies."""
    return max(2, min(400, 8000 // directions))


def _apart(spectrum: np.ndarray, n: int, rng: np.random.Generator) -> float:
    deviations = np.sqrt(spectrum[spectrum > 0])  # directions without variance add nothing

    def sample() -> np.ndarray:
        return rng.normal(size=(n, len(deviations))) * deviations

    return float(np.mean([frechet_distance(fit(sample()), fit(sample())) for _ in range(draws(len(deviations)))]))
