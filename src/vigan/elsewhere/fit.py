"""An arm's numbers fitted into a study: what counts, what does not, and what is to be told of it.

Nothing is made up: a step that was not measured has no number, and a run that ends early is not judged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import pandas as pd

from vigan.config.elsewhere import READING
from vigan.config.experiment import Experiment, Protocol
from vigan.elsewhere.numbers import Number
from vigan.errors import shown
from vigan.io.elsewhere_record import ElsewhereRun
from vigan.io.files import RecordError
from vigan.io.run_tables import METRIC_COLUMNS
from vigan.protocols.registry import METRICS

SHOWN = 8
"""How many seeds, steps or names a line lists."""
ORDER = list(METRICS)
_NAMES: tuple[Callable[[Protocol], str | None], ...] = (lambda p: p.called, lambda p: p.name, lambda p: p.kind)
"""What a file may call a protocol: what the study says that others call it comes before what it is called here."""
Series = tuple[int, str, str]
"""(seed, metric, protocol)."""


class Names(NamedTuple):
    """How an arm's files call things: their metrics and ours, and the protocol of numbers that do not say (or None)."""

    metrics: Mapping[str, str]
    protocol: str | None


class Place(NamedTuple):
    """Where an arm is fitted into: its name, its experiment, the seeds that the study names, the modes of its data."""

    arm: str
    experiment: Experiment
    seeds: Sequence[int]
    modes: int | None = None


class Fitted(NamedTuple):
    """Rows of the long table, a record of every run that was found, and lines to be told."""

    table: pd.DataFrame
    runs: tuple[ElsewhereRun, ...]
    told: tuple[str, ...]


def fit(numbers: Iterable[Number], names: Names, place: Place) -> Fitted:
    """An arm's numbers as the study takes them.

    Raises RecordError for two numbers of one place, for one that its metric cannot have, and if no number is left.
    """
    taken = _Taken(names, place)
    for number in numbers:
        taken.add(number)
    if not taken.values:
        reasons = "; ".join(taken.left_out()) or "the files hold none"
        raise RecordError(f"arm '{place.arm}': no number of it is one that the study asks for: {reasons}")
    return _fitted(taken, place)


class _Taken:
    """Numbers by seed, metric, protocol and step; what was left out is counted."""

    def __init__(self, names: Names, place: Place) -> None:
        self.place, self.names = place, names
        self.default = self._default()
        self.seeds = set(place.seeds)
        self.values: dict[Series, dict[int, float]] = defaultdict(dict)
        self.places: dict[tuple[Series, int], str] = {}
        self.unknown, self.other_protocols, self.other_seeds, self.late = Counter(), Counter(), Counter(), Counter()
        self.empty = self.twice = 0

    def _default(self) -> Protocol | None:
        protocols = self.place.experiment.protocols
        if self.names.protocol is not None:
            return self.place.experiment.protocol_of(self.names.protocol)
        read = [protocol for protocol in protocols if not protocol.definition.measured]
        return read[0] if len(read) == 1 else None

    def _protocol(self, name: str | None) -> Protocol | None:
        if name is None:
            return self.default
        protocols = self.place.experiment.protocols
        named = ([p for p in protocols if name == own(p)] for own in _NAMES)
        known = next(filter(None, named), [])
        known = [p for p in known if not p.sampler] or known
        return known[0] if len(known) == 1 else None

    def add(self, number: Number) -> None:
        """Take a number, or count why not."""
        metric, protocol = self.names.metrics.get(number.metric), self._protocol(number.protocol)
        if metric is None:
            self.unknown[number.metric] += 1
        elif protocol is None or metric not in protocol.definition.metrics:
            self.other_protocols[number.protocol or "(none)"] += 1
        elif number.seed not in self.seeds:
            self.other_seeds[number.seed] += 1
        elif number.step > self.place.experiment.iterations:
            self.late[number.seed] += 1
        elif number.value is None:
            self.empty += 1
        else:
            self._keep((number.seed, metric, protocol.name), number, number.value)

    def _keep(self, series: Series, number: Number, value: float) -> None:
        _check_range(series[1], value, number.place, self.place.modes)
        if number.step in self.values[series]:
            known, where = self.values[series][number.step], self.places[series, number.step]
            if known != value and not (known != known and value != value):
                raise RecordError(
                    f"{where} and {number.place}: seed {number.seed}, step {number.step}, '{number.metric}' has two "
                    f"values, {known:g} and {value:g}; remove one"
                )
            self.twice += 1
        self.values[series][number.step], self.places[series, number.step] = value, number.place

    def left_out(self) -> Iterator[str]:
        """A line for each reason why numbers were left out."""
        if self.unknown:
            names = "which the study gives no name of ours (`metrics: {theirs: ours}`)"
            yield f"Not read: metrics {_listed(self.unknown)}, {names}."
        if self.other_protocols:
            yield f"Not read: numbers of protocols {_listed(self.other_protocols)}, which the study does not have."
        if self.other_seeds:
            yield f"Not read: {name_seeds(self.other_seeds)}, which the study does not name."
        if self.late:
            yield f"Not read: steps after {self.place.experiment.iterations:,}, of {name_seeds(self.late)}."
        if self.empty:
            yield f"{_count(self.empty, 'cell')} without a value: not measured."
        if self.twice:
            yield f"{_count(self.twice, 'number')} twice, with equal values."


def _check_range(metric: str, value: float, place: str, modes: int | None) -> None:
    known = METRICS[metric]
    low, high = known.low, known.highest(modes)
    if isfinite(value) and not low - 1e-9 <= value <= high + 1e-9:
        raise RecordError(f"{place}: {value:g} is no value of '{metric}', which lies from {low:g} to {high:g}")


def _fitted(taken: _Taken, place: Place) -> Fitted:
    end = place.experiment.iterations
    diverged = {seed for (seed, _, _), values in taken.values.items() if not all(map(isfinite, values.values()))}
    unfinished = {series for series, values in taken.values.items() if series[0] not in diverged and max(values) < end}
    runs = tuple(_run(seed, taken.values, diverged, unfinished) for seed in _found(taken, place))
    rows = list(_rows(taken.values, runs, unfinished, place))
    told = [*taken.left_out(), *_told(taken, runs, unfinished, place)]
    return Fitted(pd.DataFrame(rows, columns=list(METRIC_COLUMNS)), runs, tuple(told))


def _found(taken: _Taken, place: Place) -> list[int]:
    found = {seed for seed, _, _ in taken.values}
    return [seed for seed in place.seeds if seed in found]


def _run(
    seed: int, values: Mapping[Series, Mapping[int, float]], diverged: set[int], unfinished: set[Series]
) -> ElsewhereRun:
    own = {series: steps for series, steps in values.items() if series[0] == seed}
    steps = {step for known in own.values() for step in known}
    status: Any = "diverged" if seed in diverged else "unfinished" if own.keys() <= unfinished else "completed"
    return ElsewhereRun(seed=seed, status=status, steps=len(steps), last=max(steps))


def _rows(
    values: Mapping[Series, Mapping[int, float]], runs: Sequence[ElsewhereRun], unfinished: set[Series], place: Place
) -> Iterator[tuple[object, ...]]:
    """Rows of the long table: `finite` where anything was measured, and every number that is one."""
    for run in runs:
        own = {series[1:]: steps for series, steps in values.items() if series[0] == run.seed}
        for protocol in dict.fromkeys(protocol for _, protocol in own):
            of_it = {metric: steps for (metric, name), steps in own.items() if name == protocol}
            early = {metric: (run.seed, metric, protocol) in unfinished for metric in of_it}
            for step in sorted({step for steps in of_it.values() for step in steps}):
                here = {metric: steps[step] for metric, steps in of_it.items() if step in steps}
                status = "unfinished" if all(early[metric] for metric in here) else run.status
                yield _row(place.arm, run.seed, step, "finite", protocol, _finite(here), status)
                for metric in sorted(here, key=ORDER.index):
                    if isfinite(here[metric]):
                        status = "unfinished" if early[metric] else run.status
                        yield _row(place.arm, run.seed, step, metric, protocol, here[metric], status)


def _finite(values: Mapping[str, float]) -> float:
    return float(all(map(isfinite, values.values())))


def _row(arm: str, seed: int, step: int, metric: str, protocol: str, value: float, status: str) -> tuple[object, ...]:
    return arm, READING, seed, step, None, None, None, metric, protocol, value, status


def _told(taken: _Taken, runs: Sequence[ElsewhereRun], unfinished: set[Series], place: Place) -> Iterator[str]:
    """Lines on runs that are missing, that ended early or badly, and on steps that not all of them have."""
    if missing := [seed for seed in place.seeds if seed not in {run.seed for run in runs}]:
        yield f"Missing: {name_seeds(missing)}; pairs with them are left out."
    if bad := [run.seed for run in runs if run.status == "diverged"]:
        yield f"Diverged: {name_seeds(bad)}, for they have values that are not finite."
    yield from _without_a_start(taken)
    early: dict[str, list[int]] = defaultdict(list)
    for seed, metric, protocol in taken.values:
        if (seed, metric, protocol) in unfinished:
            early[metric].append(seed)
    for metric, seeds in early.items():
        title, end = METRICS[metric].title, place.experiment.iterations
        yield f"Not judged: {title} of {name_seeds(seeds)}, not measured at step {end:,}."
    yield from _unequal(taken, runs, unfinished)


def _without_a_start(taken: _Taken) -> Iterator[str]:
    """A line on runs of which nobody can say when they got on track: they were not measured before training."""
    late: dict[str, dict[int, None]] = defaultdict(dict)
    for (seed, metric, _), steps in taken.values.items():
        if min(steps) > 0:
            late[METRICS[metric].title][seed] = None
    alike: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for title, seeds in late.items():
        alike[tuple(seeds)].append(title)
    for seeds, titles in alike.items():
        yield f"Not measured at step 0, where a rule 'reach' begins: {', '.join(titles)} of {name_seeds(seeds)}."


def _unequal(taken: _Taken, runs: Sequence[ElsewhereRun], unfinished: set[Series]) -> Iterator[str]:
    """A line for the metrics that not all runs have at the same steps."""
    alike: dict[tuple[int, int], list[str]] = defaultdict(list)
    sound = {series: set(steps) for series, steps in taken.values.items() if series not in unfinished}
    for metric, protocol in dict.fromkeys(series[1:] for series in sound):
        grids = [s for (seed, *of), s in sound.items() if tuple(of) == (metric, protocol) and _survived(seed, runs)]
        shared, every = set.intersection(*grids) if grids else set(), set().union(*grids)
        if shared != every:
            alike[len(every), len(shared)].append(METRICS[metric].title)
    for (every, shared), titles in alike.items():
        what = ", ".join(dict.fromkeys(titles))
        yield f"Unequal steps: {what} at {every} steps, {shared} of them in all runs; curves show these."


def _survived(seed: int, runs: Sequence[ElsewhereRun]) -> bool:
    return any(run.seed == seed and run.status != "diverged" for run in runs)


def name_seeds(seeds: Iterable[int]) -> str:
    """Seeds in words, the first `SHOWN` of them."""
    known = sorted(set(seeds))
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"seed{'' if len(known) == 1 else 's'} {', '.join(map(str, known[:SHOWN]))}{more}"


def _listed(counts: Counter[str]) -> str:
    """Names of strangers' files, every character of which can be seen."""
    more = f" and {len(counts) - SHOWN} more" if len(counts) > SHOWN else ""
    return ", ".join(f"'{shown(name[:40])}'" for name in list(counts)[:SHOWN]) + more


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
