"""The tests of one claim on one outcome per seed: an estimate, its interval, and p-values at each boundary.

Every test is exact or a betting test: none assumes a distribution, or that differences are symmetric. The interval is
the inversion of the test that decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from vigan.analysis.betting import Side, betting_interval, betting_test
from vigan.analysis.exact import Interval, scaled, share_interval, share_test
from vigan.analysis.outcomes import ROUNDING, Differences, Occurrences, Outcome, below
from vigan.analysis.paired_shares import paired_share_interval, paired_share_test
from vigan.config.claims import (
    Boundary,
    OneShare,
    PairedMean,
    PairedShares,
    PairedSign,
    PairedTime,
    TestedClaim,
    sign_of,
)

SIDES: tuple[Side, Side] = ("above", "below")


Levels = Mapping[Boundary, float]
"""A p-value at each boundary."""


class Evidence(NamedTuple):
    """An estimate with its 95% interval, and one-sided p-values on either side of every boundary.

    The effect is counted in the claimed direction. `above[b]` is small where it is beyond boundary b, `below[b]` where
    it is short of it. The share of one arm has one boundary, the claim's `share`, which stands as "margin".
    `boundary` is the one that decides. `within` is small where most seeds differ by less than the margin in either
    direction, which does not follow from most being short of the margin and most beyond minus the margin. Only sign
    tests have it.
    """

    estimate: Interval
    above: Levels
    below: Levels
    boundary: Boundary
    within: float = 0.0

    @property
    def supported(self) -> float:
        """P-value for "beyond the boundary that decides"."""
        return self.above[self.boundary]

    @property
    def contradicted(self) -> float:
        """P-value for "short of the boundary that decides"."""
        return self.below[self.boundary]

    @property
    def equivalent(self) -> float:
        """P-value for "less than the margin either way" (two one-sided tests); 1 where there are no two ways."""
        return max(self.below["margin"], self.above.get("minus-margin", 1.0), self.within)


def infer(claim: TestedClaim, found: Outcome, level: float = 0.95) -> Evidence:
    """Evidence for and against the claim from its outcomes."""
    match claim, found:
        case OneShare(), Occurrences():
            return _of_share(claim, found, level)
        case PairedShares(), Occurrences():
            return _of_paired_shares(claim, found, level)
        case PairedMean(), Differences():
            return _of_mean(claim, found, level)
        case ((PairedSign() | PairedTime()), Differences()):
            return _of_signs(claim, found, level)
        case _:
            raise TypeError(f"{type(found).__name__} for {type(claim).__name__}")


def _of_share(claim: OneShare, found: Occurrences, level: float) -> Evidence:
    occurred = found.first if sign_of(claim) > 0 else ~found.first
    share = claim.share if sign_of(claim) > 0 else 1 - claim.share
    above, below = (_share_p(claim, occurred, share, side) for side in SIDES)
    sides: tuple[Levels, Levels] = {"margin": above}, {"margin": below}
    return Evidence(_share_interval(claim, found.first, level), *sides, "margin")


def _of_signs(claim: PairedSign | PairedTime, found: Differences, level: float) -> Evidence:
    """Shares of seeds whose difference is beyond each boundary, tested against one half."""
    claimed, margin = sign_of(claim) * found.values, claim.margin
    slack = ROUNDING * margin
    beyond: Mapping[Boundary, np.ndarray] = {
        "margin": claimed >= margin - slack, "zero": claimed > slack, "minus-margin": claimed > -margin + slack,
    }  # fmt: skip
    sides: list[Levels] = [{at: _share_p(claim, seeds, 0.5, side) for at, seeds in beyond.items()} for side in SIDES]
    within = _share_p(claim, below_margin(claim, found), 0.5, "above")
    return Evidence(_share_interval(claim, beyond[claim.beyond], level), sides[0], sides[1], claim.beyond, within)


def below_margin(claim: PairedSign | PairedTime, found: Differences) -> np.ndarray:
    """In which seeds the difference is less than the margin, either way."""
    return below(found.values, claim.margin)


def _of_paired_shares(claim: PairedShares, found: Occurrences, level: float) -> Evidence:
    first, second = found.first.astype(int), found.second.astype(int)
    if claim.sampling == "sequential":
        return _of_bounded(claim, second - first, 1.0, level)
    more, fewer, n = int((second > first).sum()), int((second < first).sum()), len(first)
    up, down = (more, fewer) if sign_of(claim) > 0 else (fewer, more)
    return _tested(
        claim,
        paired_share_interval(more, fewer, n, level),
        lambda effect: paired_share_test(up, down, n, effect),
        lambda effect: paired_share_test(down, up, n, -effect),
    )


def _of_mean(claim: PairedMean, found: Differences, level: float) -> Evidence:
    return _of_bounded(claim, found.values, found.largest, level)


def _of_bounded(claim: PairedMean | PairedShares, differences: np.ndarray, largest: float, level: float) -> Evidence:
    """Betting tests of the mean of differences that lie in [-largest, largest]."""
    unit = (1 + differences / largest) / 2
    claimed = unit if sign_of(claim) > 0 else 1 - unit

    def place(effect: float) -> float:
        return min(1.0, (1 + effect / largest) / 2)

    return _tested(
        claim,
        scaled(betting_interval(unit, level), -largest, largest),
        lambda effect: betting_test(claimed, place(effect), "above"),
        lambda effect: betting_test(claimed, place(effect), "below"),
    )


def _tested(
    claim: PairedMean | PairedShares,
    interval: Interval,
    above: Callable[[float], float],
    below: Callable[[float], float],
) -> Evidence:
    effects: Mapping[Boundary, float] = {"margin": claim.margin, "zero": 0.0, "minus-margin": -claim.margin}
    return Evidence(
        interval,
        {at: above(effect) for at, effect in effects.items()},
        {at: below(effect) for at, effect in effects.items()},
        claim.beyond,
    )


def _share_p(claim: TestedClaim, occurred: np.ndarray, share: float, side: Side) -> float:
    """P-value for "the share of seeds is above (below) `share`", by the claim's kind of sampling."""
    if claim.sampling == "sequential":
        return betting_test(occurred.astype(float), share, side)
    return share_test(int(occurred.sum()), len(occurred), share, "greater" if side == "above" else "less")


def _share_interval(claim: TestedClaim, occurred: np.ndarray, level: float) -> Interval:
    if claim.sampling == "sequential":
        return betting_interval(occurred.astype(float), level)
    return share_interval(int(occurred.sum()), len(occurred), level)
