"""Descriptions of arms: the schedule of one, and the differences of two. Tests hold them to what `Engine` does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from vigan.config import schedule
from vigan.config.arms import Arm
from vigan.config.elsewhere import ElsewhereArm
from vigan.config.study import Study
from vigan.describe.schedule import aligned, at_old, iteration, ledger, model, moving_averages, network, regulariser

NOT_GIVEN = "-"


class Difference(NamedTuple):
    """One field in which two arms differ: its dotted name, and both values as written."""

    field: str
    first: str
    second: str


def differences(a: Arm, b: Arm) -> list[Difference]:
    """Fields in which two arms differ, in the order of the schema; `NOT_GIVEN` stands for a missing value."""
    first, second = _flat(_row(a)), _flat(_row(b))
    fields = dict.fromkeys([*first, *second])
    pairs = [Difference(field, first.get(field, NOT_GIVEN), second.get(field, NOT_GIVEN)) for field in fields]
    return [pair for pair in pairs if pair.first != pair.second]


def describe_elsewhere(name: str, arm: ElsewhereArm) -> str:
    """What is known of an arm that was not trained here."""
    about = f" It is said to be: {arm.about}" if arm.about else ""
    where = f"read from {arm.origin.path} ({arm.origin.format})"
    return f"{name} was not trained here, but {where}. Nothing here knows its settings.{about}"


def describe_difference(name_a: str, a: Arm, name_b: str, b: Arm, coordinates: int) -> str:
    """Table of `differences`, and whether the arms are the same computation nevertheless."""
    rows = differences(a, b)
    if not rows:
        return f"{name_a}, {name_b}: no difference"
    return "\n".join([*aligned([("field", name_a, name_b), *rows]), *_sameness(a, b, coordinates)])


def describe_experiments(study: Study, first: str, second: str) -> str:
    """Experiment, data set and length of both arms if they are in different experiments, else ""."""
    places = [(name, study.experiment_of(name)) for name in (first, second)]
    if places[0][1] == places[1][1]:
        return ""
    return "".join(
        f"{name} is in experiment {home}: data set {study.experiments[home].dataset}, "
        f"{study.experiments[home].iterations:,} iterations\n"
        for name, home in places
    )


def explain(name: str, arm: Arm, coordinates: int, iterations: int) -> str:
    """Description of an arm's schedule, the regulariser comparing `coordinates` numbers, and its ledger."""
    sections = {
        f"{name}: {model(arm)}reading '{arm.reading}', {network(arm)}, batches of {arm.batch_size}": [],
        "An iteration": iteration(arm),
        "Regulariser": regulariser(arm, coordinates),
        "Moving averages": moving_averages(arm),
        "Ledger": ledger(arm, iterations),
    }
    return "\n".join(line for title, lines in sections.items() for line in (title, *(f"  {text}" for text in lines)))


def _row(arm: Arm) -> dict[str, Any]:
    row = arm.model_dump(mode="json")
    return {
        **row,
        "updates_per_batch": row["updates_per_batch"] or f"{arm.k} (by its reading)",
        "precision": arm.precision,
        "model": arm.model.model_dump(),
        **_own_of_d(arm),
    }


def _own_of_d(arm: Arm) -> dict[str, Any]:
    """What D's optimiser has of its own."""
    if arm.d_optimiser is None:
        return {}
    both = arm.optimiser.model_dump()
    return {"d_optimiser": {key: own for key, own in arm.d_optimiser.model_dump().items() if own != both[key]}}


def _flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            within = _flat(value, f"{prefix}{key}.")
            flat |= {prefix + key: "{}"} if prefix and not within else within
        elif value is not None:
            flat[prefix + key] = value if isinstance(value, str) else json.dumps(value)
    return flat


def _sameness(a: Arm, b: Arm, coordinates: int) -> list[str]:
    if schedule.computation(a, coordinates) != schedule.computation(b, coordinates):
        return []
    others = [
        _other_averages(a, b, role)
        for role in a.model.sampled
        if schedule.bn_updates(a, role) != schedule.bn_updates(b, role)
    ]
    if others:
        return [f"The same weights, though the rows differ: only {' and '.join(others)}."]
    first, second = (arm.lambda_per_mean(coordinates) for arm in (a, b))
    why = "none of these fields changes what is computed"
    if first != second:
        first_update = f"one {a.model.describe(a).trained} update per phase (K = 1 on one batch) is made at {at_old(a)}"
        why = f"{first_update}, which makes lambda inert"
    return [f"The same computation, though the rows differ: {why}."]


def _other_averages(a: Arm, b: Arm, role: str) -> str:
    counts = [sum(schedule.bn_updates(arm, role).values()) for arm in (a, b)]
    what = {"generator": "samples", "encoder": "codes"}[role]
    return (
        f"{a.model.sampled[role]}'s moving averages, and so its {what}, differ "
        f"({counts[0]} and {counts[1]} moves an iteration)"
    )


def seeds_of_arms(study: Study, arms: Iterable[str]) -> str:
    """How many seeds each of some arms has: "16", or "16 to 64" where they have not equally many."""
    counts = [len(study.seeds_of(arm)) for arm in arms]
    return " to ".join(map(str, sorted({min(counts), max(counts)})))
