"""How often intervals cover, and how often exact tests err at most: computed where that can be done, else simulated.

What is computed holds for every process: the lowest coverage, or the highest chance of an error, over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln, xlogy
from scipy.stats import binom, norm

from vigan.analysis.betting import betting_interval
from vigan.analysis.exact import Interval, median_interval, share_interval, share_test
from vigan.analysis.paired_shares import paired_share_interval, paired_share_test
from vigan.analysis.survival import cumulative_incidence, kaplan_meier

Row = dict[str, Any]
Array = np.ndarray[Any, np.dtype[Any]]
Draw = Callable[[np.random.Generator, tuple[int, int]], Array]

ALPHA, LEVEL = 0.05, 0.95
SHARES = np.linspace(0.005, 0.995, 199)
DIFFERENCES, UNLIKE = np.linspace(-0.95, 0.95, 39), np.linspace(0, 1, 101)
SLACK = 1e-9
QUARTERS = (0.25, 0.5, 0.75, 1.0)


def _or_far(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Normal numbers of which a tenth is far above all others."""
    return np.where(rng.random(shape) < 0.1, 1e6, rng.normal(size=shape))


BOUNDED: dict[str, tuple[float, Draw]] = {
    "10% fail": (0.81, lambda rng, shape: np.where(rng.random(shape) < 0.1, 0.0, 0.9)),
    "uniform": (0.5, lambda rng, shape: rng.random(shape)),
    "skewed": (0.1, lambda rng, shape: rng.beta(0.3, 2.7, shape)),
    "constant": (0.5, lambda _, shape: np.full(shape, 0.5)),
    "7 or 8 modes of 8": (7.9 / 8, lambda rng, shape: np.where(rng.random(shape) < 0.9, 8, 7) / 8),
}
"""Laws of numbers in [0, 1], and their means."""
UNBOUNDED: dict[str, tuple[float, Draw]] = {
    "normal": (0.0, lambda rng, shape: rng.normal(size=shape)),
    "skewed": (1.0, lambda rng, shape: rng.lognormal(0.0, 2.0, shape)),
    "10% diverge": (
        float(norm.ppf(0.5 / 0.9)),
        _or_far,
    ),
    "ties": (8.0, lambda rng, shape: np.where(rng.random(shape) < 0.6, 8.0, 6.0)),
}
"""Laws of numbers without bounds, and their medians."""
LIFETIMES: dict[str, dict[tuple[float, str], float]] = {
    "a quarter collapses": {(0.25, "a"): 0.05, (0.5, "a"): 0.1, (0.75, "a"): 0.1, (1.0, ""): 0.75},
    "all collapse, or diverge": {(0.25, "a"): 0.4, (0.5, "b"): 0.2, (0.75, "a"): 0.2, (1.0, "a"): 0.2},
    "30% never learn, 5% diverge": {(0.25, "a"): 0.2, (0.5, "b"): 0.05, (1.0, "c"): 0.3, (1.0, ""): 0.45},
}
"""Chances of the time at which a run comes to an end, and of its cause; "" where it does not."""


def sizes(numbers: Sequence[int]) -> Iterator[Row]:
    """The highest chance that an exact test at `ALPHA` errs where its boundary is the truth, over all processes."""
    for n, share, side in product(numbers, (0.2, 0.4, 0.5), ("less", "greater")):
        rejected = [share_test(count, n, share, side) <= ALPHA for count in range(n + 1)]
        size = binom.pmf(np.arange(n + 1), n, share)[rejected].sum()
        yield {"test": "share", "boundary": share, "side": side, "n": n, "size": float(size)}
    for n, margin in product(numbers, (-0.2, 0.0, 0.2)):
        more, fewer = _unlike(n)
        rejected = [paired_share_test(int(a), int(b), n, margin) <= ALPHA for a, b in zip(more, fewer, strict=True)]
        size = max(_chances(n, margin, unlike)[rejected].sum() for unlike in UNLIKE if unlike >= abs(margin))
        yield {"test": "paired-shares", "boundary": margin, "side": "greater", "n": n, "size": float(size)}


def coverage(numbers: Sequence[int], studies: int, seed: int) -> Iterator[Row]:
    """Share of 95% intervals that cover, by interval, law and n; "lowest" stands for the worst of all laws."""
    for n in numbers:
        yield from _shares(n)
        yield _paired_shares(n)
        for name, (mean, draw) in BOUNDED.items():
            yield _row("mean, bets", name, n, _covered(betting_interval, mean, draw, n, studies, seed))
        for name, (middle, draw) in UNBOUNDED.items() if n >= 6 else ():
            yield _row("median", name, n, _covered(median_interval, middle, draw, n, studies, seed))
        for name, lifetimes in LIFETIMES.items():
            yield from _curves(name, lifetimes, n, studies, seed)


def _row(interval: str, law: str, n: int, covered: float) -> Row:
    return {"interval": interval, "law": law, "n": n, "covered": round(covered, 4)}


def _shares(n: int) -> Iterator[Row]:
    counts = np.arange(n + 1)
    outcomes = [np.repeat([1.0, 0.0], [count, n - count]) for count in counts]
    found = {
        "share": [share_interval(count, n) for count in range(n + 1)],
        "share, bets": [betting_interval(outcome) for outcome in outcomes],
    }
    for name, intervals in found.items():
        lowest = min(binom.pmf(counts, n, share)[_holding(intervals, share)].sum() for share in SHARES)
        yield _row(name, "lowest", n, float(lowest))


def _paired_shares(n: int) -> Row:
    more, fewer = _unlike(n)
    intervals = [paired_share_interval(int(a), int(b), n) for a, b in zip(more, fewer, strict=True)]
    lowest = min(
        _chances(n, difference, unlike)[_holding(intervals, difference)].sum()
        for difference, unlike in product(DIFFERENCES, UNLIKE)
        if unlike >= abs(difference)
    )
    return _row("difference of paired shares", "lowest", n, float(lowest))


def _holding(intervals: Sequence[Interval], value: float) -> Array:
    return np.array([interval.low - SLACK <= value <= interval.high + SLACK for interval in intervals])


def _unlike(n: int) -> tuple[Array, Array]:
    """Every number of pairs of n that are unlike in one way and in the other."""
    more, fewer = (index.ravel() for index in np.indices((n + 1, n + 1)))
    return more[more + fewer <= n], fewer[more + fewer <= n]


def _chances(n: int, difference: float, unlike: float) -> Array:
    """Chance of each of `_unlike(n)` where so large a share of pairs is unlike."""
    more, fewer = _unlike(n)
    ways = gammaln(n + 1) - gammaln(more + 1) - gammaln(fewer + 1) - gammaln(n - more - fewer + 1)
    up, down = (unlike + difference) / 2, max(0.0, (unlike - difference) / 2)
    return np.exp(ways + xlogy(more, up) + xlogy(fewer, down) + xlogy(n - more - fewer, max(0.0, 1 - unlike)))


def _covered(interval: Callable[[Array], Interval], true: float, draw: Draw, n: int, studies: int, seed: int) -> float:
    values = draw(np.random.default_rng([seed, n]), (studies, n))
    return float(_holding([interval(study) for study in values], true).mean())


def _curves(law: str, lifetimes: Mapping[tuple[float, str], float], n: int, studies: int, seed: int) -> Iterator[Row]:
    """Pointwise coverage of Kaplan-Meier's and Aalen-Johansen's ends at the quarter of training where it is lowest."""
    kinds = list(lifetimes)
    drawn = np.random.default_rng([seed, n]).multinomial(n, list(lifetimes.values()), studies)
    tallies, place = np.unique(drawn, axis=0, return_inverse=True)
    found = np.array([_hold(kinds, lifetimes, tally) for tally in tallies])[place.ravel()].mean(axis=0)
    for name, covered in zip(("Kaplan-Meier", "Aalen-Johansen"), found.min(axis=1), strict=True):
        yield _row(name, law, n, float(covered))


def _hold(kinds: list[tuple[float, str]], lifetimes: Mapping[tuple[float, str], float], tally: Array) -> Array:
    """Whether each curve's ends hold the truth at each of `QUARTERS`."""
    times, causes = (np.repeat(np.array(part, dtype=object), tally) for part in zip(*kinds, strict=True))
    curves = kaplan_meier(times.astype(float), causes != ""), cumulative_incidence(times.astype(float), causes)
    first = curves[1][curves[1]["cause"] == "a"]
    free = [1 - sum(p for (time, cause), p in lifetimes.items() if cause and time <= at) for at in QUARTERS]
    ended = [sum(p for (time, cause), p in lifetimes.items() if cause == "a" and time <= at) for at in QUARTERS]
    return np.array([_ends_hold(curves[0], free), _ends_hold(first, ended)])


def _ends_hold(curve: pd.DataFrame, truths: Sequence[float]) -> list[bool]:
    """Whether the last row at or before each quarter holds the truth; without one nothing is said."""
    rows = [curve[curve["time"] <= at].tail(1) for at in QUARTERS]
    return [
        row.empty or bool(row["low"].iloc[0] - SLACK <= true <= row["high"].iloc[0] + SLACK)
        for row, true in zip(rows, truths, strict=True)
    ]
