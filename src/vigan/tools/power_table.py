"""Assumed truths and probabilities of verdicts, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vigan.config.claims import OneShare, PairedMean, TestedClaim, event_of, named_arms
from vigan.config.study import Study
from vigan.describe.claims import EVENTS, describe_effect
from vigan.tools.power import SHOWN, Chances
from vigan.tools.truths import Effect, Fates, Truths, has_effect, tested_claims


def format_chances(study: Study, truths: Truths, found: Sequence[Chances], simulations: int) -> str:
    """The assumed truths, and a table of verdicts for every number of seeds."""
    claims = tested_claims(study)
    family = f"Holm's correction over {len(claims)} claims" if len(claims) > 1 else "one claim"
    lines = [f"{study.study}: {simulations:,} simulated studies, {family}. Taken to be true:", ""]
    lines += [f"  {line}" for line in _format_truths(study, truths)]
    for chances in found:
        lines += ["", *_table(chances)]
    if any(claim.sampling == "sequential" for claim in claims):
        lines += ["", "Claims that may be judged at any number of seeds are judged here once, on all of them."]
    error = 1.96 * 0.5 / np.sqrt(simulations)
    return "\n".join([*lines, "", f"Monte-Carlo error of a share: {error:.3f} at most (95%)."])


def _table(chances: Chances) -> Iterator[str]:
    numbers = {name: f"{n if n == most else f'{n} to {most}'} seeds" for name, (n, most) in chances.seeds.items()}
    each = ", ".join(f"{words} in {name}" for name, words in numbers.items())
    yield f"{each if len(set(numbers.values())) > 1 else next(iter(numbers.values()))}: {chances.runs} runs"
    width = max(map(len, chances.claims))
    yield f"  {'':<{width}}  {'  '.join(SHOWN)}"
    for claim, shares in chances.claims.items():
        yield f"  {claim:<{width}}  " + "  ".join(f"{shares[verdict]:>{len(verdict)}.3f}" for verdict in SHOWN)


def as_json(study: Study, truths: Truths, found: Sequence[Chances], simulations: int) -> dict[str, Any]:
    """The same as `format_chances`, for machines."""
    return {
        "study": study.study,
        "simulations": simulations,
        "fates": {arm: fates._asdict() for arm, fates in truths.fates.items()},
        "effects": {claim: effect._asdict() for claim, effect in truths.effects.items()},
        "stated": sorted(truths.stated),
        "alike": truths.alike,
        "chances": [chances._asdict() for chances in found],
    }


def _format_truths(study: Study, truths: Truths) -> Iterator[str]:
    """One line for each arm whose fates matter, one for each claim with an effect, one on shared luck."""
    claims = tested_claims(study)
    count = {arm for claim in claims if event_of(claim) for arm in named_arms(claim)} | truths.stated
    lines_of = {arm: _format_fates(fates) for arm, fates in truths.fates.items() if arm in count}
    lines_of |= {claim.id: _format_effect(claim, truths.effects[claim.id]) for claim in claims if has_effect(claim)}
    width = max(map(len, lines_of))
    yield from (f"{name:<{width}}  {words}{_unstated(name, truths)}" for name, words in lines_of.items())
    if truths.alike:
        yield f"In {_percent(truths.alike)} of the seeds all arms of an experiment have the same luck."
    else:
        yield "Runs of the same seed have each their own luck."


def _unstated(name: str, truths: Truths) -> str:
    if name in truths.stated:
        return ""
    return " (not stated)" if name in truths.fates else " (not stated: the edge of its rule)"


def _format_fates(fates: Fates) -> str:
    on_track = "all runs get on track" if fates.reach == 1 else f"{_percent(fates.reach)} of the runs get on track"
    later = [f"{_percent(share)} {fate}" for fate, share in fates._asdict().items() if share and fate != "reach"]
    return f"{on_track}, {' and '.join(later)} later" if later else f"{on_track} and stay there"


def _format_effect(claim: TestedClaim, effect: Effect) -> str:
    share = _percent(effect.value)
    match claim:
        case OneShare():
            return f"{EVENTS[claim.event]} within {_percent(claim.by)} of training in {share} of the runs"
        case PairedMean():
            return f"{claim.direction} by {effect.value:g} on average, with a spread of {effect.spread:g} over seeds"
        case _:
            return f"{describe_effect(claim)} in {share} of the seeds"


def _percent(share: float) -> str:
    return f"{100 * share:g}%"
