"""How often intervals cover and tests err, by simulation of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from scipy.stats import expon, norm

from vigan.analysis.permutation import sign_flip_test
from vigan.analysis.survival import log_rank, share_interval
from vigan.analysis.uncertainty import bootstrap, interquartile_mean, mean, median

Row = dict[str, Any]
Array = np.ndarray[Any, np.dtype[np.float64]]

RUNS = (3, 5, 8, 16, 32)
LEVEL, ALPHA = 0.95, 0.05
EVALUATIONS = 20

PLAIN = np.array([0, 1, 8, 4, 1, 7, 0, 0, 7, 0, 6, 0, 6, 8, 0, 6], dtype=float)
"""Captured modes of 8 in 16 runs on the ring, K = 2, lambda = 0 (an early measurement)."""
REGULARISED = np.array([7.0] * 2 + [8.0] * 14)
"""The same with lambda = 1."""


def _differences(first: Array, second: Array) -> Array:
    """All differences between runs of two arms: each mode count in [-8, 8]."""
    return np.subtract.outer(second, first).ravel()


_RANKS = (np.arange(10_000) + 0.5) / 10_000
_SKEWED = expon.ppf(_RANKS) - expon.ppf(_RANKS).mean()
NULL = {
    "normal": norm.ppf(_RANKS),
    "skewed up": _SKEWED,
    "skewed down": -_SKEWED,
    "modes": _differences(PLAIN, PLAIN),
    "modes, saturated": _differences(REGULARISED, REGULARISED),
}
"""Populations of differences whose mean is 0, drawn from with replacement."""
EFFECT = {
    "normal": NULL["normal"] + 1.0,
    "skewed up": _SKEWED + 1.0,
    "skewed down": -_SKEWED + 1.0,
    "modes": _differences(PLAIN, REGULARISED),
}
"""Populations whose mean is above 0: by one standard deviation, and as measured on the ring (4.5 modes)."""
HAZARDS = {"third ends": 0.4, "most end": 1.0, "nearly all end": 3.0}
"""Events per training length: the share of runs that have one is 1 - exp(-hazard)."""


def intervals(simulations: int, seed: int) -> list[Row]:
    """Share of intervals that cover the population's value, of those below and above it, and their median width."""
    statistics = {"mean": mean, "interquartile mean": interquartile_mean, "median": median}
    populations = {**{f"{name}, null": law for name, law in NULL.items()}, "modes, effect": EFFECT["modes"]}
    return [
        {"statistic": name, "law": law, "n": n, **_coverage(statistics[name], populations[law], n, simulations, seed)}
        for name, law, n in product(statistics, populations, RUNS)
    ]


def _coverage(statistic: Callable[..., Any], population: Array, n: int, simulations: int, seed: int) -> Row:
    truth, rng = float(statistic(population)), np.random.default_rng(seed)
    found = [bootstrap(statistic, rng.choice(population, n), rng, LEVEL) for _ in range(simulations)]
    low, high = (np.array([getattr(interval, end) for interval in found]) for end in ("low", "high"))
    slack = 1e-9
    too_high, too_low = int(np.sum(low > truth + slack)), int(np.sum(high < truth - slack))
    covered = _share("covered", simulations - too_high - too_low, simulations)
    return {
        **covered,
        "too_low": too_low / simulations,
        "too_high": too_high / simulations,
        "median_width": round(float(np.median(high - low)), 4),
    }


def tests(simulations: int, seed: int) -> list[Row]:
    """Share of simulations in which the one-sided tests reject at 0.05, without an effect and with one."""
    return [*_sign_flips(simulations, seed), *_log_ranks(simulations, seed)]


def _sign_flips(simulations: int, seed: int) -> Iterator[Row]:
    for effect, laws in (("none", NULL), ("yes", EFFECT)):
        for (law, population), n in product(laws.items(), RUNS):
            rng = np.random.default_rng(seed)
            found = [sign_flip_test(rng.choice(population, n), rng=rng) for _ in range(simulations)]
            yield {"test": "sign-flip", "effect": effect, "law": law, "n": n, **_rejected(found)}


def _log_ranks(simulations: int, seed: int) -> Iterator[Row]:
    """Events of arm a are as frequent as those of arm b, or three times; evaluations fall on a grid."""
    for (effect, ratio), (law, hazard), n in product((("none", 1.0), ("yes", 3.0)), HAZARDS.items(), RUNS):
        rng = np.random.default_rng(seed)
        found = [
            log_rank(*_lives(rng, n, hazard * ratio), *_lives(rng, n, hazard), "greater") for _ in range(simulations)
        ]
        yield {"test": "log-rank", "effect": effect, "law": law, "n": n, **_rejected(found)}


def _lives(rng: np.random.Generator, n: int, hazard: float) -> tuple[Array, np.ndarray[Any, np.dtype[np.bool_]]]:
    times = np.ceil(rng.exponential(1 / hazard, n) * EVALUATIONS)
    return np.minimum(times, EVALUATIONS), times <= EVALUATIONS


def _rejected(p_values: Sequence[float]) -> Row:
    return _share("rejected", int(np.sum(np.array(p_values) <= ALPHA)), len(p_values))


def _share(name: str, count: int, of: int) -> Row:
    """A share and its 95% Clopper-Pearson interval."""
    interval = share_interval(count, of)
    return {name: interval.estimate, "low": round(interval.low, 4), "high": round(interval.high, 4)}
