"""The range of each metric, which makes an interval for its mean possible at few seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vigan.config.counts import modes_of
from vigan.config.study import Study
from vigan.protocols.registry import METRICS

Bounds = Callable[[str, str], tuple[float, float]]
"""Lowest and highest value of a metric (by name) in an experiment (by name), infinite where there is none."""

STEEP = 15
"""Ratio of the highest to the lowest value from which a measure without bounds is shown on a logarithmic scale."""


def bounds_in(study: Study) -> Bounds:
    """Bounds of the metrics in a study's experiments; infinite for a name that is no metric."""
    modes = {name: modes_of(study.data_of(name)) for name in study.experiments}

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


def is_steep(low: float, high: float, *, bounded: bool) -> bool:
    """Whether values from `low` to `high` are shown on a logarithmic scale: positive, without a bound, over `STEEP`."""
    return not bounded and 0 < STEEP * low < high
