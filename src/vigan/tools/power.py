"""Power: the probability of each verdict under stated truths, by simulating outcomes and judging them as real ones.

Every run has one fate: it never gets on track, or it does and then diverges, collapses, or stays. Claims about the same
arms depend on the same fates. Events within a part of training, and claims about signs, means and times, are drawn from
effects of their own. From the outcomes of seeds on, the code is that of a real study.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from vigan.analysis.alike import alike_in_failing
from vigan.analysis.fates import Fate
from vigan.analysis.inference import Evidence, infer
from vigan.analysis.outcomes import Differences, Occurrences, Outcome
from vigan.analysis.testability import untestable
from vigan.analysis.verdicts import VERDICTS, Case, Verdict, judge
from vigan.config.base import ConfigError
from vigan.config.claims import Event, OneShare, PairedMean, PairedShares, TestedClaim, arms_of, sign_of
from vigan.config.study import Study
from vigan.rng import generator
from vigan.tools.truths import Truths, boundary_of, has_effect, largest_difference, tested_claims

Bools = np.ndarray

SHOWN: tuple[Verdict, ...] = tuple(verdict for verdict in VERDICTS if verdict != "not tested")
LEVEL = 1 - 1e-12
"""Level of intervals, which are not used here: the widest are the cheapest to compute."""


class Chances(NamedTuple):
    """Shares of simulated studies by claim and verdict, and the runs of the study.

    `seeds`: of each experiment, the least and the largest number of seeds that one of its arms has.
    """

    seeds: Mapping[str, tuple[int, int]]
    runs: int
    claims: Mapping[str, Mapping[Verdict, float]]


class SimulatedRuns(NamedTuple):
    """Simulated runs of an experiment: by arm and event whether it occurred, (simulations, seeds); event counts."""

    seeds: tuple[int, ...]
    occurred: Mapping[str, Mapping[Event, Bools]]
    fates: Sequence[Mapping[str, Fate]]

    def of(self, arm: str, event: Event, seeds: Sequence[int]) -> Bools:
        """Whether the event occurred in an arm's runs with these seeds, (simulations, seeds)."""
        return self.occurred[arm][event][:, [self.seeds.index(seed) for seed in seeds]]


def with_seeds(study: Study, n: int) -> Study:
    """The study with the same n seeds for all its arms. Raises ConfigError for n < 1."""
    if n < 1:
        raise ConfigError(f"{n} seeds: at least one is needed")
    own = {"seeds": None, "more_seeds": {}}
    experiments = {name: experiment.model_copy(update=own) for name, experiment in study.experiments.items()}
    return study.model_copy(update={"seeds": tuple(range(n)), "experiments": experiments})


def power(study: Study, truths: Truths, simulations: int) -> Chances:
    """The probability of each verdict on each tested claim, at the study's seeds.

    Raises ConfigError if the study tests no claim, or for less than one simulation.
    """
    claims = tested_claims(study)
    if not claims:
        raise ConfigError(f"study '{study.study}' has no claim that is tested")
    if simulations < 1:
        raise ConfigError(f"{simulations} simulations: at least one is needed")
    simulated = {name: _simulated_runs(study, name, truths, simulations) for name in study.experiments}
    cases = [_cases(study, claim, simulated[study.experiment_of(arms_of(claim)[0])], truths) for claim in claims]
    judged = [[found.verdict for found in judge(one)] for one in zip(*cases, strict=True)]
    counts = [Counter(verdicts) for verdicts in zip(*judged, strict=True)]
    shares: list[Mapping[Verdict, float]] = [{v: count[v] / simulations for v in SHOWN} for count in counts]
    return Chances(
        {name: _numbers_of_seeds(study, name) for name in study.experiments},
        len(list(study.every_run())),
        dict(zip([claim.id for claim in claims], shares, strict=True)),
    )


def _numbers_of_seeds(study: Study, experiment: str) -> tuple[int, int]:
    numbers = [len(study.seeds_of(arm)) for arm in study.experiments[experiment].names]
    return min(numbers), max(numbers)


def _simulated_runs(study: Study, experiment: str, truths: Truths, simulations: int) -> SimulatedRuns:
    """Simulated fates, ordered by luck: never on track, diverged, collapsed, on track to the end."""
    draw = generator(0, "metric", f"power {study.study} {experiment}")
    own = {arm: study.seeds_of(arm) for arm in study.experiments[experiment].names}
    seeds = tuple(dict.fromkeys(seed for of_arm in own.values() for seed in of_arm))
    shape = (simulations, len(seeds))
    shared, same = draw.random(shape), draw.random(shape) < truths.alike
    occurred: dict[str, Mapping[Event, Bools]] = {}
    for arm in own:
        luck, fates = np.where(same, shared, draw.random(shape)), truths.fates[arm]
        never, bad = luck < 1 - fates.reach, luck < fates.share("bad-end")
        occurred[arm] = {"reach": ~never, "collapse": bad & (luck >= 1 - fates.reach + fates.diverge), "bad-end": bad}
    simulated = SimulatedRuns(seeds, occurred, [])
    return simulated._replace(fates=list(_fates(simulated, own, simulations)))


def _fates(simulated: SimulatedRuns, own: Mapping[str, Sequence[int]], simulations: int) -> Iterator[dict[str, Fate]]:
    """Event counts of the arms, by simulation."""
    counts = {
        arm: {event: simulated.of(arm, event, seeds).sum(axis=1).tolist() for event in simulated.occurred[arm]}
        for arm, seeds in own.items()
    }
    for number in range(simulations):
        yield {
            arm: Fate(len(own[arm]), {event: count[number] for event, count in events.items()})
            for arm, events in counts.items()
        }


def _cases(study: Study, claim: TestedClaim, simulated: SimulatedRuns, truths: Truths) -> list[Case]:
    """The case of a claim in each simulation."""
    seeds = study.seeds_for(claim)
    draw = generator(0, "metric", f"power {study.study} {claim.id}")
    if isinstance(claim, OneShare | PairedShares):
        found = _occurrences(claim, simulated, seeds, truths, draw)
    else:
        found = _differences(study, claim, (len(simulated.fates), len(seeds)), truths, draw)
    evidence = evidence_of(claim, found)
    on_track = study.experiments[study.experiment_of(arms_of(claim)[0])].on_track
    return [
        Case(claim, seen, len(seeds), untestable(claim, fates, on_track) | alike_in_failing(claim, found, fates))
        for seen, fates in zip(evidence, simulated.fates, strict=True)
    ]


def _occurrences(
    claim: OneShare | PairedShares,
    simulated: SimulatedRuns,
    seeds: Sequence[int],
    truths: Truths,
    draw: np.random.Generator,
) -> Occurrences:
    """Events of the claim's arms, (simulations, seeds); with `by`, only a part of them is early enough."""
    occurred = [simulated.of(arm, claim.event, seeds) for arm in arms_of(claim)]
    if isinstance(claim, OneShare) and has_effect(claim):
        at_all = truths.fates[claim.arm].share(claim.event)
        occurred[0] = occurred[0] & (draw.random(occurred[0].shape) * at_all < truths.effects[claim.id].value)
    return Occurrences(occurred[0], occurred[-1])


def _differences(
    study: Study, claim: TestedClaim, shape: tuple[int, int], truths: Truths, draw: np.random.Generator
) -> Differences:
    """Differences of two arms, (simulations, seeds).

    For a mean: normal, clipped to the largest possible difference. Else one margin beyond the deciding boundary, or one
    margin short of it.
    """
    assert not isinstance(claim, OneShare)
    effect = truths.effects[claim.id]
    if isinstance(claim, PairedMean):
        largest = largest_difference(study, claim)
        claimed = np.clip(draw.normal(effect.value, effect.spread, shape), -largest, largest)
        return Differences(sign_of(claim) * claimed, largest)
    beyond = draw.random(shape) < effect.value
    return Differences(sign_of(claim) * (boundary_of(claim) + np.where(beyond, claim.margin, -claim.margin)), np.inf)


def evidence_of(claim: TestedClaim, found: Outcome) -> list[Evidence]:
    """The evidence of each simulation; as no rule depends on the order of seeds, equal outcomes are inferred once."""
    if isinstance(found, Occurrences):
        alike = np.stack([found.first.sum(1), found.second.sum(1), (found.first & found.second).sum(1)], axis=1)
        rows: list[Outcome] = [Occurrences(*row) for row in zip(*found, strict=True)]
    else:
        alike = np.sort(found.values, axis=1)
        rows = [Differences(row, found.largest) for row in found.values]
    _, chosen, which = np.unique(alike, axis=0, return_index=True, return_inverse=True)
    inferred = [infer(claim, rows[number], LEVEL) for number in chosen]
    return [inferred[number] for number in which.ravel()]
