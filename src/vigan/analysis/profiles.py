"""Performance profiles and probabilities of improvement: whole distributions of runs, not their means.

Both are from Agarwal et al. (2021), "Deep Reinforcement Learning at the Edge of the Statistical Precipice", arXiv
2108.13264. There all runs are independent and intervals bootstrapped; here runs of one seed are pairs, and intervals
exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd

from vigan.analysis.betting import betting_interval
from vigan.analysis.exact import share_interval

PROFILE_COLUMNS = ["arm", "metric", "value", "share", "low", "high", "n"]
IMPROVEMENT_COLUMNS = ["arm", "metric", "share", "low", "high", "n"]

_interval = cache(share_interval)


def profiles(scores: pd.DataFrame, signs: Mapping[str, int]) -> pd.DataFrame:
    """Share of each arm's runs whose last value is at least as good as `value`: `PROFILE_COLUMNS`.

    At every value that some run has, with the pointwise 95% interval of Clopper and Pearson. `signs` says of each
    metric whether higher (+1) or lower (-1) is better. A run that diverged is worse than any value.
    """
    rows = [
        (arm, metric, value, *_interval(int((sign * own >= sign * value).sum()), len(own)))
        for metric, sign in signs.items()
        for table in [scores[scores["metric"] == metric]]
        for arm, own in table.groupby("arm", sort=False)["last"]
        for value in np.unique(table["last"].dropna())
    ]
    return pd.DataFrame(rows, columns=PROFILE_COLUMNS)


def improvements(scores: pd.DataFrame, signs: Mapping[str, int], baseline: str) -> pd.DataFrame:
    """Probability that a run of `baseline` beats another arm's of the same seed: `IMPROVEMENT_COLUMNS`, a row an arm.

    Of last values; ties count half, as do two runs that diverged. With the 95% interval of a bounded mean by betting.
    """
    rows: list[tuple[object, ...]] = []
    for metric, sign in signs.items():
        table = scores[scores["metric"] == metric]
        worth = table.assign(worth=(sign * table["last"]).fillna(-np.inf))
        runs = {str(arm): own.set_index("seed")["worth"] for arm, own in worth.groupby("arm", sort=False)}
        for arm in [arm for arm in runs if arm != baseline] if baseline in runs else []:
            own, other = runs[baseline].align(runs[arm], join="inner")
            rows.append((arm, metric, *betting_interval((own > other) + (own == other) / 2)))
    return pd.DataFrame(rows, columns=IMPROVEMENT_COLUMNS)
