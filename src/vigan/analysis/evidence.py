"""What a study's runs say of one claim: an estimate with its interval, and p-values for and against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from vigan import rng
from vigan.analysis.permutation import needed_n, sign_flip_test
from vigan.analysis.survival import log_rank, share_interval, share_test
from vigan.analysis.uncertainty import Interval, bootstrap, mean
from vigan.config.claims import Difference, Occurrence, TestedClaim, Timing, edge_of, sign_of
from vigan.config.experiment import Experiment
from vigan.metrics.registry import METRICS

SEED = 0
MOST_RUNS = 1000


class Evidence(NamedTuple):
    """Estimate over n seeds in the claim's own unit; one-sided p-values; seeds that would settle an open question.

    `p_for`: of data this far on the claim's side if there were no effect. `p_against`: of data this far from it if
    the effect were the smallest that matters. `reaches`: the estimate is at least that large, as claimed.
    """

    interval: Interval
    p_for: float
    p_against: float
    reaches: bool
    needed_n: int | None


class Measurements(NamedTuple):
    """Tables that evidence is drawn from: scores of runs, the long table, events."""

    scores: pd.DataFrame
    metrics: pd.DataFrame
    events: pd.DataFrame


def evidence(claim: TestedClaim, experiment: Experiment, data: Measurements, alpha: float) -> Evidence:
    """Evidence on a claim about arms of `experiment`; `alpha` is the level for which `needed_n` is computed."""
    match claim:
        case Difference():
            return _of_difference(claim, experiment, data, alpha)
        case Timing():
            return _of_timing(claim, data.events, alpha)
        case Occurrence():
            return _of_occurrence(claim, data.events, alpha)


def _of_difference(claim: Difference, experiment: Experiment, data: Measurements, alpha: float) -> Evidence:
    protocol = experiment.protocol_of(claim.protocol)
    assert protocol is not None

    def measured(table: pd.DataFrame) -> pd.DataFrame:
        return table[
            table["arm"].isin(claim.arms) & (table["metric"] == claim.metric) & (table["protocol"] == protocol.name)
        ]

    values = measured(data.metrics)["value"]
    worst = values.min() if METRICS[claim.metric].better == "higher" else values.max()
    scores = measured(data.scores).pivot_table(index="seed", columns="arm", values=claim.score, dropna=False)
    scores = scores.reindex(_shared_seeds(data.scores, claim.arms), columns=list(claim.arms)).fillna(worst)
    differences = (scores[claim.arms[1]] - scores[claim.arms[0]]).to_numpy(float)
    return _of_signed(differences, claim, alpha, lambda d: sign_flip_test(d, rng=_random()))


def _shared_seeds(table: pd.DataFrame, arms: Sequence[str]) -> list[int]:
    """Seeds that a table has rows of for all `arms`, also of runs that came to no good end, ascending."""
    runs = [set(table.loc[table["arm"] == arm, "seed"]) for arm in arms]
    return sorted(set.intersection(*runs))


def _of_timing(claim: Timing, events: pd.DataFrame, alpha: float) -> Evidence:
    lives = events[(events["event"] == claim.event) & events["arm"].isin(claim.arms)]
    first, second = (lives[lives["arm"] == arm].set_index("seed") for arm in claim.arms)
    seeds = _shared_seeds(lives, claim.arms)
    first, second = first.loc[seeds], second.loc[seeds]
    shares = [np.minimum(arm["step"], arm["end"]) / arm["end"] for arm in (first, second)]
    differences = np.asarray(shares[1] - shares[0])
    rarer = "greater" if sign_of(claim) > 0 else "less"

    def test(_: np.ndarray) -> float:
        lived = (arm[column] for arm in (first, second) for column in ("step", "observed"))
        return log_rank(*lived, alternative=rarer)

    return _of_signed(differences, claim, alpha, test)


def _of_signed(
    differences: np.ndarray, claim: Difference | Timing, alpha: float, test: Callable[[np.ndarray], float]
) -> Evidence:
    """Evidence from paired differences, whose mean is claimed to have a sign and to be large enough to matter."""
    claimed, smallest = sign_of(claim) * differences, claim.smallest_effect
    if not len(claimed):
        return Evidence(Interval(np.nan, np.nan, np.nan, 0), np.nan, np.nan, reaches=False, needed_n=None)
    reaches = bool(claimed.mean() >= smallest)
    against = sign_flip_test(smallest - claimed, rng=_random())
    open_question = claimed if reaches else smallest - claimed
    interval = bootstrap(mean, differences, _random())
    return Evidence(interval, test(claimed), against, reaches, needed_n(open_question, 0.0, alpha))


def _of_occurrence(claim: Occurrence, events: pd.DataFrame, alpha: float) -> Evidence:
    lives = events[(events["event"] == claim.event) & (events["arm"] == claim.arm)]
    share = lives["step"] / lives["end"]
    n, came = len(lives), int((lives["observed"] & (share > claim.after) & (share <= claim.by)).sum())
    towards, away = ("greater", "less") if sign_of(claim) > 0 else ("less", "greater")
    reaches = bool(n and sign_of(claim) * (came / n - edge_of(claim)) >= 0)
    bound, side = (claim.share, towards) if reaches else (edge_of(claim), away)

    def settles(runs: int) -> bool:
        return share_test(round(came / n * runs), runs, bound, side) <= alpha

    needed = next(filter(settles, range(n, MOST_RUNS)), None) if n else None
    p_for, p_against = share_test(came, n, claim.share, towards), share_test(came, n, edge_of(claim), away)
    return Evidence(share_interval(came, n), p_for, p_against, reaches, needed)


def _random() -> np.random.Generator:
    return rng.generator(SEED, "metric", "claims")
