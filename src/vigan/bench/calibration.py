"""Calibration of the statistics on simulated studies: rates of false verdicts, coverage of intervals, power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from operator import itemgetter
from typing import Any

from vigan.analysis.exact import share_test
from vigan.bench.calibration_processes import ATTACKS, EFFECTS, GROUPS, Process
from vigan.bench.calibration_rules import FAMILY
from vigan.bench.calibration_statistics import ALPHA, LEVEL, coverage, sizes
from vigan.bench.calibration_verdicts import KINDS, families, simulated, verdicts
from vigan.bench.record import Measurement, processor

SEED = 0
SHOWN = (
    "rare-20", "rare-40", "often-40", "ends-margin", "ends-zero", "ends-minus-margin", "collapses-margin",
    "sign-margin", "sign-zero", "mean-margin", "mean-zero", "time-margin", "arrival-margin",
)  # fmt: skip
"""Rules whose verdicts on attacks and effects are recorded."""
SHOWN_WAYS = ("fixed", "peeked")
NUMBERS, STUDIES = (5, 6, 8, 10, 16, 32), 2000
QUICK_NUMBERS, QUICK_STUDIES, QUICK_PROCESSES = (5, 8), 20, 2
Row = dict[str, Any]


def measure(quick: bool) -> Measurement:
    """False verdicts of every kind of rule and process, families, coverage and power; the summary holds the worst."""
    numbers, studies = (QUICK_NUMBERS, QUICK_STUDIES) if quick else (NUMBERS, STUDIES)
    attacks, effects, *groups = (_some(part, quick) for part in (ATTACKS, EFFECTS, *GROUPS.values()))
    judged = list(_all(dict(zip(GROUPS, groups, strict=True)), numbers, studies))
    false = list(_false(judged, studies))
    single = [row for row in judged if row["test"] != "family"]
    parts = {
        "sizes": list(sizes(numbers)),
        "false_verdicts": _worst(false),
        "intervals": [*coverage(numbers, studies, SEED), *_lowest(single, studies)],
        "attacks": list(_shares(attacks, numbers, studies)),
        "power": list(_shares(effects, numbers, studies)),
    }
    settings = {
        "studies": studies, "seed": SEED, "level": LEVEL, "alpha": ALPHA, "numbers": numbers, "family": FAMILY,
        "processes": {name: len(group) for name, group in zip(GROUPS, groups, strict=True)},
    }  # fmt: skip
    return Measurement(processor(), settings, _summary(parts, false, studies), parts)


def _some(processes: Mapping[str, Process], quick: bool) -> Mapping[str, Process]:
    return dict(list(processes.items())[:QUICK_PROCESSES]) if quick else processes


def _all(groups: Mapping[str, Mapping[str, Process]], numbers: Sequence[int], studies: int) -> Iterator[Row]:
    """Rows of every process: for each rule alone, and for claims judged together ("family")."""
    place = count()
    for group, processes in groups.items():
        for name, process in processes.items():
            where = {"group": group, "process": name}
            drawn = simulated(process, studies, numbers, (SEED, next(place)))
            yield from ({**where, **row} for row in verdicts(drawn, numbers))
            yield from ({**where, **row} for row in families(drawn, numbers))
        print(f"{group}: {len(processes)} processes", flush=True)


def _false(judged: Sequence[Row], studies: int) -> Iterator[Row]:
    """One row per verdict that is false: in which share of studies it was given."""
    for row in judged:
        where = {name: row[name] for name in ("group", "process", "test", "rule", "way", "n")}
        yield from ({**where, "verdict": verdict, "share": row[verdict] / studies} for verdict in row["false"])


def _worst(false: Sequence[Row]) -> list[Row]:
    """By group, test, way and verdict: the highest share of false verdicts at each n, and where it is highest."""
    keys = ("group", "test", "way", "verdict")
    return [
        {
            **dict(zip(keys, key, strict=True)),
            **_highest_by_n(rows),
            "worst": _where(max(rows, key=itemgetter("share"))),
        }
        for key, rows in _grouped(false, keys).items()
    ]


def _highest_by_n(rows: Sequence[Row]) -> dict[str, float]:
    return {str(n): max(row["share"] for row in some) for (n,), some in _grouped(rows, ("n",)).items()}


def _lowest(judged: Sequence[Row], studies: int) -> Iterator[Row]:
    """By test, way and n: the lowest coverage of the intervals printed with verdicts, over all processes and rules."""
    for (test, way, n), rows in _grouped(judged, ("test", "way", "n")).items():
        worst = min(rows, key=itemgetter("covered"))
        yield {"interval": f"{test}, {way}", "law": _where(worst), "n": n, "covered": worst["covered"] / studies}


def _grouped(rows: Sequence[Row], keys: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def _where(row: Row) -> str:
    return f"{row['process']}; {row['rule']}"


def _shares(processes: Mapping[str, Process], numbers: Sequence[int], studies: int) -> Iterator[Row]:
    """One row per process, rule and way: the share of studies with each verdict at each n, and which are false."""
    for place, (name, process) in enumerate(processes.items()):
        judged = verdicts(simulated(process, studies, numbers, (SEED, place)), numbers, SHOWN)
        shown = [row for row in judged if row["way"] in SHOWN_WAYS]
        for (rule, way), rows in _grouped(shown, ("rule", "way")).items():
            shares = {verdict: [round(row[verdict] / studies, 4) for row in rows] for verdict in KINDS}
            yield {"process": name, "rule": rule, "way": way, "false": rows[0]["false"], **shares}


def _summary(parts: Mapping[str, list[Row]], false: Sequence[Row], studies: int) -> dict[str, Any]:
    intervals, computed = _grouped(parts["intervals"], ("interval",)), _grouped(parts["sizes"], ("test",))
    most = max(round(row["share"] * studies) for row in false)
    return {
        "false_verdicts_highest": {
            ", ".join(key): max(row["share"] for row in rows)
            for key, rows in _grouped(false, ("test", "way", "verdict")).items()
        },
        "cells": len(false),
        "least_p_of_a_cell": share_test(most, studies, ALPHA, "greater"),
        "sizes_highest": {test: max(row["size"] for row in rows) for (test,), rows in computed.items()},
        "coverage_lowest": {name: min(row["covered"] for row in rows) for (name,), rows in intervals.items()},
    }
