"""What verdicts are reached from: the scores and events of the runs of a long table that may be judged."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from vigan.analysis import estimates, events
from vigan.analysis.elsewhere import judged, unfinished
from vigan.analysis.outcomes import Measurements
from vigan.config.experiment import Experiment


def measured(metrics: pd.DataFrame, floors: pd.DataFrame, experiments: Mapping[str, Experiment]) -> Measurements:
    """Scores and events of a long table's runs, by the rules of their experiments; `floors` are those of real data."""
    table = judged(metrics)
    found = events.events(table, floors, experiments)
    return Measurements(estimates.run_scores(table), found, unfinished(metrics), table, floors)
