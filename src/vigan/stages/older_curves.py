"""Curves whose tables were kept from an earlier version, which took means and other intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

KEYS = ["arm", "metric", "protocol"]


def by_an_older_method(curves: pd.DataFrame, summary: pd.DataFrame) -> bool:
    """Whether curves end elsewhere than at the last values of the same runs: kept tables may be of two versions."""
    ends = curves.sort_values("step").groupby(KEYS).tail(1).merge(summary[summary["score"] == "last"], on=KEYS)
    ends = ends[ends["n_x"] == ends["n_y"]]
    told = [ends[[f"center_{of}", f"ci_low_{of}", f"ci_high_{of}"]].to_numpy(float) for of in "xy"]
    return not np.allclose(*told, rtol=1e-6, atol=1e-9, equal_nan=True)
