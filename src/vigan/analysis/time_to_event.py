"""Time to each event by arm, in iterations, images and G updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from vigan.analysis.betting import bounded_mean
from vigan.analysis.estimates import ARM_KEYS
from vigan.config.experiment import Experiment

UNITS = ("images", "g_updates")


def time_to_event_table(events: pd.DataFrame, experiments: Mapping[str, Experiment]) -> pd.DataFrame:
    """One row per arm and event: runs, events, median time, mean time without the event, paired differences.

    `median_*`: when half of the runs had it, in iterations, images shown to D and G updates, NaN if fewer had.
    `mean_share`: mean time without the event in shares of training, with its 95% interval over seeds; runs that never
    had it count with all of training. `than_partner`: the same minus that of the arm's partner, seed by seed.
    """
    rows = []
    for keys, arm in events.groupby([*ARM_KEYS, "event"], sort=False):
        name, arm_name, _, event = (str(key) for key in keys)
        partner = {second: first for first, second in experiments[name].pairs()}.get(arm_name)
        shares = _shares(arm)
        middle = median_time(arm["step"].to_list(), arm["observed"].to_list())
        ledger = experiments[name].ledger(arm_name, int(middle)) if np.isfinite(middle) else None
        row = {"n": len(arm), "events": int(arm["observed"].sum()), "median_step": middle}
        row |= {"median_images": ledger.real_images if ledger else np.nan}
        row |= {"median_g_updates": ledger.g_updates if ledger else np.nan}
        row |= _interval("mean_share", shares, 0.0)
        other = events[(events["experiment"] == name) & (events["event"] == event) & (events["arm"] == partner)]
        row |= _interval("than_partner", (shares - _shares(other)).dropna(), -1.0)
        rows.append({**dict(zip([*ARM_KEYS, "event"], keys, strict=True)), **row})
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = [
    *ARM_KEYS, "event", "n", "events", "median_step", "median_images", "median_g_updates",
    "mean_share", "mean_share_low", "mean_share_high", "than_partner", "than_partner_low", "than_partner_high",
]  # fmt: skip


def median_time(times: Sequence[float], seen: Sequence[bool]) -> float:
    """Time by which half of the runs had their event, NaN if fewer had."""
    occurred = sorted(time for time, observed in zip(times, seen, strict=True) if observed)
    half = -(-len(times) // 2)
    return float(occurred[half - 1]) if len(occurred) >= half > 0 else np.nan


def _shares(arm: pd.DataFrame) -> pd.Series:
    """Time without the event in shares of training, by seed."""
    by_seed = arm.set_index("seed")
    return by_seed["step"].where(by_seed["observed"], by_seed["end"]) / by_seed["end"]


def _interval(name: str, values: pd.Series, low: float) -> dict[str, float]:
    """Mean of shares of training, or of differences between two (`low` -1), with its interval."""
    found = bounded_mean(values, low, 1.0)
    return {name: found.estimate, f"{name}_low": found.low, f"{name}_high": found.high}
