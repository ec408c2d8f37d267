"""Assumed truths about a study's arms and claims, for power: parsed and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vigan.analysis.metric_bounds import bounds_of
from vigan.config.base import ConfigError, nearest
from vigan.config.claims import (
    Boundary,
    Event,
    OneShare,
    Paired,
    PairedMean,
    PairedShares,
    TestedClaim,
    Untested,
    arms_of,
)
from vigan.config.counts import modes_of
from vigan.config.study import Study
from vigan.describe.claims import EVENTS

ROUNDING = 1e-9
GRAMMAR = "ARM:FATE=SHARE, CLAIM=SHARE or CLAIM=MEAN,SPREAD"


class Fates(NamedTuple):
    """Shares of an arm's runs that get on track at some time, and of those that collapse, or diverge, after that."""

    reach: float = 1.0
    collapse: float = 0.0
    diverge: float = 0.0

    def share(self, event: Event) -> float:
        """Share of the runs in which an event occurs."""
        bad_end = 1 - self.reach + self.collapse + self.diverge
        return {"reach": self.reach, "collapse": self.collapse, "bad-end": bad_end}[event]


class Effect(NamedTuple):
    """The truth about one claim: a share of seeds or runs; or a mean, positive if as claimed, and its spread."""

    value: float
    spread: float = 0.0


class Truths(NamedTuple):
    """Fates of every arm, effects of the claims that have one, and the names of those that were stated.

    `alike`: share of the seeds in which all arms of an experiment share their luck.
    """

    fates: Mapping[str, Fates]
    effects: Mapping[str, Effect]
    stated: frozenset[str]
    alike: float


def read_truths(study: Study, texts: Sequence[str], alike: float = 0.0) -> Truths:
    """Truths of a study from texts such as "bn-plain:collapse=0.8", "C4=0.8" or "C6=1.5,2", and defaults for the rest.

    By default all runs get on track and stay there, and a claim is at the edge of its rule. Raises ConfigError on a
    text that is not about this study, or is impossible.
    """
    if not 0 <= alike <= 1:
        raise ConfigError(f"alike: {alike:g} is no share between 0 and 1")
    stated = dict(map(_parts, texts))
    if len(stated) < len(texts):
        raise ConfigError("one truth is stated twice")
    of_arms = {name: value for name, value in stated.items() if ":" in name}
    fates = _fates(study, of_arms)
    effects = _effects(study, {name: value for name, value in stated.items() if name not in of_arms}, fates)
    names = {name.partition(":")[0] for name in stated}
    return Truths(fates, effects, frozenset(names), alike)


def tested_claims(study: Study) -> list[TestedClaim]:
    """The claims of a study that a test decides."""
    return [claim for claim in study.claims if not isinstance(claim, Untested)]


def has_effect(claim: TestedClaim) -> bool:
    """Whether a claim's outcomes are drawn from its own effect instead of following from its arms' fates."""
    return not isinstance(claim, PairedShares) and not (isinstance(claim, OneShare) and claim.by == 1)


def boundary_of(claim: Paired) -> float:
    """The deciding boundary, as a difference in the claimed direction."""
    places: dict[Boundary, float] = {"margin": claim.margin, "zero": 0.0, "minus-margin": -claim.margin}
    return places[claim.beyond]


def largest_difference(study: Study, claim: PairedMean) -> float:
    """The largest difference of two values of a claim's metric."""
    low, high = bounds_of(claim.metric, modes_of(study.data_of(study.experiment_of(claim.arms[0]))))
    return high - low


def _parts(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not (name and value):
        raise ConfigError(f"truth '{text}': write {GRAMMAR}")
    return name, value


def _fates(study: Study, stated: Mapping[str, str]) -> dict[str, Fates]:
    fates = {arm: Fates() for experiment in study.experiments.values() for arm in experiment.names}
    for name, value in stated.items():
        arm, _, fate = name.partition(":")
        experiment = study.experiments[study.experiment_of(arm)]
        if fate not in Fates._fields:
            raise ConfigError(f"truth '{name}': no fate '{fate}'" + nearest(fate, Fates._fields))
        if experiment.reach is None or (fate != "reach" and experiment.collapse is None):
            raise ConfigError(f"truth '{name}': the experiment of {arm} has no rule for it")
        fates[arm] = fates[arm]._replace(**{fate: _share(name, value)})
    for arm, (reach, collapse, diverge) in fates.items():
        if collapse + diverge > reach + ROUNDING:
            text = f"{collapse + diverge:g} of the runs collapse or diverge once on track, and {reach:g} are ever there"
            raise ConfigError(f"truth '{arm}': {text}")
    return fates


def _effects(study: Study, stated: Mapping[str, str], fates: Mapping[str, Fates]) -> dict[str, Effect]:
    claims = {claim.id: claim for claim in tested_claims(study)}
    for name in stated:
        if name not in claims:
            raise ConfigError(f"truth '{name}': no tested claim '{name}' in this study" + nearest(name, list(claims)))
        if not has_effect(claims[name]):
            arms = ", ".join(arms_of(claims[name]))
            raise ConfigError(f"truth '{name}': it follows from the fates of {arms}; state those")
    return {
        name: _effect(claim, stated[name], fates) if name in stated else _edge(study, claim, fates)
        for name, claim in claims.items()
        if has_effect(claim)
    }


def _effect(claim: TestedClaim, text: str, fates: Mapping[str, Fates]) -> Effect:
    if isinstance(claim, PairedMean):
        numbers = [_number(claim.id, part) for part in text.split(",")]
        if len(numbers) != 2 or numbers[1] < 0:
            raise ConfigError(f"truth '{claim.id}': write MEAN,SPREAD, the spread not negative")
        return Effect(*numbers)
    share = _share(claim.id, text)
    if isinstance(claim, OneShare) and share > (most := fates[claim.arm].share(claim.event)) + ROUNDING:
        raise ConfigError(
            f"truth '{claim.id}': {EVENTS[claim.event]} in {share:g} of the runs of {claim.arm} within "
            f"{claim.by:.0%} of training, and in {most:g} of them at all"
        )
    return Effect(share)


def _edge(study: Study, claim: TestedClaim, fates: Mapping[str, Fates]) -> Effect:
    """The truth between those that support a claim and those that do not."""
    match claim:
        case OneShare():
            return Effect(min(claim.share, fates[claim.arm].share(claim.event)))
        case PairedMean():
            return Effect(boundary_of(claim), largest_difference(study, claim) / 4)
        case _:
            return Effect(0.5)


def _share(name: str, text: str) -> float:
    share = _number(name, text)
    if not 0 <= share <= 1:
        raise ConfigError(f"truth '{name}': {share:g} is no share between 0 and 1")
    return share


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"truth '{name}': '{text}' is no number")
    return number
