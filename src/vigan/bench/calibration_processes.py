"""Data-generating processes of simulated studies: the possible pairs of runs of a seed, and their probabilities.

A process is a finite list of pairs of runs, so that every share and every mean of its outcomes is known exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

from vigan.analysis.events import COLLAPSED, DIVERGED, NEVER_ON_TRACK
from vigan.config.claims import Event

MODES = 8
LEAST_WELL = 4
"""Fewest modes of a run that is on track and has not collapsed."""
MARGINS = {"shares": 0.2, "modes": 1.0, "time": 0.1}
PLACES = {"at zero": 0.0, "at the margin": 1.0, "at minus the margin": -1.0}
"""Truths at which a false verdict is most likely, in margins of what is claimed."""


class Run(NamedTuple):
    """How a run ends: cause and time of a bad end, when it got on track (shares of training), its number of modes."""

    cause: str = ""
    time: float = 1.0
    on_track: float = 0.1
    value: float = MODES

    def had(self, event: Event) -> bool:
        """Whether an event occurred."""
        if event == "reach":
            return self.cause != NEVER_ON_TRACK
        return self.cause == COLLAPSED if event == "collapse" else self.cause != ""

    def when(self, event: Event) -> float:
        """When it occurred, as a share of training; 1 if it did not."""
        return (self.on_track if event == "reach" else self.time) if self.had(event) else 1.0


class Pair(NamedTuple):
    """The two runs of a seed, and the probability that a seed has them."""

    chance: float
    first: Run
    second: Run


Process = tuple[Pair, ...]
Law = Sequence[tuple[float, Run]]
"""(probability, run), from the worst run to the best."""

WELL, NEVER, DIED = Run(), Run(NEVER_ON_TRACK, 1.0, 1.0, 0.0), Run(DIVERGED, 0.5, 0.1, 0.0)


def collapsed(time: float = 0.5) -> Run:
    """A run that loses all modes at some time."""
    return Run(COLLAPSED, time, 0.1, 0.0)


def holding(value: float) -> Run:
    """A run with so many modes at its end, collapsed if they are few."""
    return Run(value=value) if value >= LEAST_WELL else Run(COLLAPSED, 0.5, 0.1, value)


def coupled(first: Law, second: Law, alike: float = 0.0) -> Process:
    """Pairs of runs of two distributions: with probability |alike| of equal rank (negative: of opposite rank).

    Otherwise they are independent. For two equal distributions `alike` is the correlation of any outcome of the runs if
    it is positive; if it is negative, that of an event which occurs in half of them.
    """
    apart = [(p * q, a, b) for (p, a), (q, b) in product(first, second)]
    ranked = _same_ranks(first, second if alike >= 0 else second[::-1])
    mixed = [(1 - abs(alike), apart), (abs(alike), ranked)]
    return _merged([(weight * chance, a, b) for weight, part in mixed for chance, a, b in part])


def _same_ranks(first: Law, second: Law) -> list[tuple[float, Run, Run]]:
    found, (left, right) = [], (list(first), list(second))
    while left and right:
        (p, a), (q, b) = left.pop(), right.pop()
        chance = min(p, q)
        found.append((chance, a, b))
        if p - chance > 1e-12:
            left.append((p - chance, a))
        if q - chance > 1e-12:
            right.append((q - chance, b))
    return found


def _merged(pairs: Sequence[tuple[float, Run, Run]]) -> Process:
    chances: dict[tuple[Run, Run], float] = {}
    for chance, first, second in pairs:
        chances[first, second] = chances.get((first, second), 0.0) + chance
    return tuple(Pair(chance, *runs) for runs, chance in chances.items() if chance > 1e-12)


def ending(share: float, bad: Run | None = None) -> Law:
    """A distribution of runs in which a share ends badly."""
    return [(share, bad or collapsed()), (1 - share, WELL)]


def held(base: float, *differences: tuple[float, float]) -> Process:
    """The second run has `difference` modes more than the first, which has `base`: (probability, difference)."""
    return tuple(Pair(chance, holding(base), holding(base + more)) for chance, more in differences)


def lasting(*times: tuple[float, float, float]) -> Process:
    """Runs that collapse at some time, 1 standing for never: (probability, time of the first, time of the second)."""
    return tuple(Pair(chance, *(collapsed(at) if at < 1 else WELL for at in pair)) for chance, *pair in times)


def _bad_ends(place: float) -> dict[str, Process]:
    """Shares of bad ends that differ by a number of margins (fewer in the second arm), of pairs that are alike or not.

    At the margin the second arm has the named share, at minus the margin the first.
    """
    found = {}
    for share, alike in product((0.1, 0.2, 0.5), (-0.4, 0.0, 0.3, 0.9)):
        first, second = (share + MARGINS["shares"] * max(more, 0) for more in (place, -place))
        found[f"{share:.0%}, pairs {alike:g} alike"] = coupled(ending(first), ending(second), alike)
    return found


def _never_learned(place: float) -> dict[str, Process]:
    """30% of runs never learn, 5% diverge, some collapse: how many differs by a number of margins."""
    found = {}
    for alike in (-0.4, 0.0, 0.9):
        first, second = (_mixed(0.2 + MARGINS["shares"] * max(more, 0)) for more in (place, -place))
        found[f"pairs {alike:g} alike"] = coupled(first, second, alike)
    return found


def _mixed(collapse: float) -> Law:
    return [(0.3, NEVER), (0.05, DIED), (collapse, collapsed()), (0.65 - collapse, WELL)]


def _mean_modes(place: float) -> dict[str, Process]:
    """Mean differences of so many margins: of rare failures or successes, ties, and differences that spread or not."""
    mean = MARGINS["modes"] * place
    found = {}
    for rare in (0.1, 0.2):
        found[f"{rare:.0%} fail"] = held(5, (rare, -5), (1 - rare, (mean + 5 * rare) / (1 - rare)))
        found[f"{rare:.0%} succeed"] = held(3, (rare, 5), (1 - rare, (mean - 5 * rare) / (1 - rare)))
    found["60% tie"] = held(4, (0.6, 0), (0.2, 1.5 + 2.5 * mean), (0.2, -1.5 + 2.5 * mean))
    found["nearly constant"] = held(5, (0.5, mean - 0.5), (0.5, mean + 0.5))
    found["wide"] = held(4, *((0.2, mean + step) for step in (-3, -1.5, 0, 1.5, 3)))
    return found


def _most_modes(place: float) -> dict[str, Process]:
    """In half of the seeds, exactly, the second run holds at least so many margins more."""
    at = MARGINS["modes"] * place
    more, short = at + 0.5, at - 0.5
    return {
        "nearly constant": held(5, (0.5, more), (0.5, short)),
        "10% fail": held(5, (0.5, more), (0.4, short), (0.1, -5)),
        "20% fail": held(5, (0.5, more), (0.3, short), (0.2, -5)),
        "30% tie": held(4, (0.5, more), (0.3, 0.0 if place >= 0 else short), (0.2, -4)),
    }


def _most_times(place: float) -> dict[str, Process]:
    """In half of the seeds, exactly, the second run collapses at least so many margins later."""
    at = 0.5 + MARGINS["time"] * place
    later, sooner = at + 0.05, at - 0.05
    return {
        "nearly constant": lasting((0.5, 0.5, later), (0.5, 0.5, sooner)),
        "10% early": lasting((0.5, 0.5, later), (0.4, 0.5, sooner), (0.1, 0.5, 0.15)),
        "20% early": lasting((0.5, 0.5, 1), (0.3, 0.5, sooner), (0.2, 1, 0.15)),
        "30% tie": lasting((0.5, 0.5, later), (0.3, 1, 1 if place >= 0 else 0.8), (0.2, 0.5, 0.2)),
    }


def _at_all_places(make: Callable[[float], dict[str, Process]]) -> dict[str, Process]:
    """The processes that a function makes, at each of `PLACES`."""
    return {f"{name}, {word}": process for word, place in PLACES.items() for name, process in make(place).items()}


NEARLY_ALL: Law = [(0.1, holding(6)), (0.9, WELL)]
EARLY: Law = [(0.5, collapsed(0.2)), (0.5, collapsed(0.3))]
ATTACKS: dict[str, Process] = {
    "the regularised arm never learns": coupled(ending(0.625), [(1, NEVER)]),
    "80% of plain runs never learn": coupled(ending(0.8, NEVER), [(1, WELL)]),
    "no run ends badly": coupled([(1, WELL)], [(1, WELL)]),
    "plain runs collapse early": coupled(EARLY, [(1, WELL)]),
    "a quarter of the regularised runs collapse": coupled(ending(0.5), ending(0.25)),
    "the regularised arm diverges": coupled(ending(0.8), [(1, DIED)]),
    "8 modes with a chance of 90%": coupled(NEARLY_ALL, NEARLY_ALL),
    "4 modes more or 4 fewer": held(4, (0.5, 4), (0.5, -4)),
    "4 modes more or 4 fewer, or half of the time as many": held(4, (0.25, 4), (0.5, 0), (0.25, -4)),
}
"""Processes on which earlier rules gave false verdicts."""
GROUPS: dict[str, dict[str, Process]] = {
    "attacks": ATTACKS,
    "bad ends": _at_all_places(_bad_ends),
    "30% never learn, 5% diverge": _at_all_places(_never_learned),
    "mean of modes": _at_all_places(_mean_modes),
    "half of the seeds beyond, modes": _at_all_places(_most_modes),
    "half of the seeds beyond, time": _at_all_places(_most_times),
}
"""Processes by kind."""
EFFECTS: dict[str, Process] = {
    "80% against 10% end badly": coupled(ending(0.8), ending(0.1)),
    "90% against 5% end badly": coupled(ending(0.9), ending(0.05)),
    "50% against 10% end badly": coupled(ending(0.5), ending(0.1)),
    "10% against 50% end badly": coupled(ending(0.1), ending(0.5)),
    "5% of either end badly": coupled(ending(0.05), ending(0.05)),
    "2 modes more, but 20% fail": held(5, (0.8, 2), (0.2, -5)),
    "half a mode more or less": held(5, (0.5, 0.5), (0.5, -0.5)),
    "collapse 20% of training later, 10% sooner": lasting((0.9, 0.4, 0.6), (0.1, 0.4, 0.3)),
}
"""Effects of typical size, and none."""
