"""Intervals of means, cut to the values a mean can have: what is impossible is in no interval."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vigan.config.datasets import Dataset, Digits, Grid, Ring, StackedDigits
from vigan.config.study import Study
from vigan.metrics.registry import METRICS

ENDS = ("ci_low", "ci_high")


def possible(table: pd.DataFrame, study: Study, *, differences: bool = False) -> pd.DataFrame:
    """The table with `ci_low` and `ci_high` cut to the range of each row's metric, or of `differences` of two.

    An interval's coverage is untouched, since the true mean lies in that range.
    """
    if table.empty:
        return table
    modes = {name: modes_of(study.datasets[experiment.dataset]) for name, experiment in study.experiments.items()}
    ranges = [limits(str(m), modes[str(e)]) for m, e in zip(table["metric"], table["experiment"], strict=True)]
    low, high = (np.array(ends) for ends in zip(*ranges, strict=True))
    if differences:
        low, high = low - high, high - low
    return table.assign(**{end: table[end].clip(low, high) for end in ENDS})


def limits(metric: str, modes: int | None) -> tuple[float, float]:
    """Lowest and highest value a metric can have on data of so many modes; infinite where there is no bound."""
    known = METRICS[metric]
    of_modes: Mapping[str, float] = {"modes": modes, "fair_modes": modes, "reverse_kl": np.log(modes)} if modes else {}
    return known.low, min(known.high, of_modes.get(metric, np.inf))


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
