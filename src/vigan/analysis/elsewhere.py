"""What is different for runs that were made elsewhere: what nobody here knows of them is left open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vigan.config.elsewhere import READING
from vigan.config.experiment import Experiment

UNFINISHED = "unfinished"
"""Status of numbers that end before the experiment does: they are kept, and not judged."""


def not_trained_here(experiment: Experiment, arms: Sequence[str]) -> str:
    """A sentence about those of a claim's arms that were made elsewhere, to follow another; empty if none was."""
    apart = [arm for arm in arms if arm in experiment.elsewhere]
    if not apart:
        return ""
    paired = "; equal seeds pair runs by number alone" if len(arms) > 1 else ""
    return f" Not trained here: {', '.join(apart)}. Whether the rule is older than these runs is not known{paired}."


def judged(metrics: pd.DataFrame) -> pd.DataFrame:
    """The rows of a long table that may be judged: all but those of series that end too early."""
    return metrics[metrics["status"] != UNFINISHED]


def unfinished(metrics: pd.DataFrame) -> frozenset[tuple[str, int, str, str]]:
    """(arm, seed, metric, protocol) of the numbers of a long table that end too early."""
    early = metrics.loc[metrics["status"] == UNFINISHED, ["arm", "seed", "metric", "protocol"]].drop_duplicates()
    return frozenset(
        (str(arm), int(seed), str(metric), str(protocol))
        for arm, seed, metric, protocol in early.itertuples(index=False)
    )


def on_common_steps(metrics: pd.DataFrame) -> pd.DataFrame:
    """The rows of a long table that a curve over seeds may be drawn of.

    Runs of an arm from elsewhere may have been measured at unequal steps. Only steps at which every run of the arm that
    did not diverge was measured are kept; otherwise the mean would jump.
    """
    apart = metrics["reading"] == READING
    if not apart.any():
        return metrics
    rows, keys = metrics[apart], ["arm", "metric", "protocol"]
    finite_runs = rows[rows["status"] != "diverged"]
    all_runs = finite_runs.groupby(keys)["seed"].nunique().rename("all_runs")
    runs_at_step = finite_runs.groupby([*keys, "step"])["seed"].nunique().rename("runs_at_step")
    counted = rows.join(all_runs, on=keys).join(runs_at_step, on=[*keys, "step"])
    whole_steps = (counted["runs_at_step"] == counted["all_runs"]) | counted["all_runs"].isna()
    return pd.concat([metrics[~apart], rows[whole_steps.to_numpy()]])


def unmeasured(scheduled: pd.DataFrame, values: np.ndarray) -> np.ndarray:
    """Where a run from elsewhere was measured (runs, steps), but not by this metric: that is no value that failed.

    `scheduled` is 1 where all that was measured is finite and 0 where not, its index (experiment, arm, reading, seed).
    """
    apart = (scheduled.index.get_level_values("reading") == READING)[:, None]
    return apart & np.isnan(values) & (scheduled.to_numpy() == 1)


def real_value(floors: pd.DataFrame, experiment: Experiment, protocol: str, metric: str) -> float:
    """What real data have, as measured here or stated by the study; NaN if neither."""
    known = experiment.protocol_of(protocol)
    if known is not None and metric in (stated := dict(known.real)):
        return stated[metric]
    rows = floors[(floors["dataset"] == experiment.dataset) & (floors["protocol"] == protocol)]
    rows = rows.loc[rows["metric"] == metric, "value"]
    return float(rows.iloc[0]) if len(rows) else np.nan


def whole(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The table with columns of whole numbers written as such, although some rows have none."""
    if not table[list(columns)].isna().any(axis=None):
        return table
    return table.astype(dict.fromkeys(columns, "Int64"))
