"""The values that a metric can have: what makes the interval of its mean possible at few seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vigan.config.datasets import Dataset, Digits, Grid, Ring, StackedDigits
from vigan.config.study import Study
from vigan.protocols.registry import METRICS

Bounds = Callable[[str, str], tuple[float, float]]
"""Lowest and highest value of a metric (its name) in an experiment (its name), infinite where there is none."""


def bounds_in(study: Study) -> Bounds:
    """Bounds of the metrics of a study's experiments; of what is no metric, none."""
    modes = {name: modes_of(study.datasets[experiment.dataset]) for name, experiment in study.experiments.items()}

    def bounds(experiment: str, metric: str) -> tuple[float, float]:
        return bounds_of(metric, modes[experiment]) if metric in METRICS else (-np.inf, np.inf)

    return bounds


def of_differences(bounds: Bounds) -> Bounds:
    """Bounds of the difference of two values."""

    def differences(experiment: str, metric: str) -> tuple[float, float]:
        low, high = bounds(experiment, metric)
        return low - high, high - low

    return differences


def bounds_of(metric: str, modes: int | None) -> tuple[float, float]:
    """Lowest and highest value a metric can have on data of so many modes; infinite where there is no bound."""
    return METRICS[metric].low, METRICS[metric].highest(modes)


def modes_of(dataset: Dataset) -> int | None:
    """Number of modes that can be found in a data set, None where nobody knows."""
    match dataset:
        case Ring():
            return dataset.modes
        case Grid():
            return dataset.per_side**2
        case Digits():
            return 10
        case StackedDigits():
            return 1000
        case _:
            return None
